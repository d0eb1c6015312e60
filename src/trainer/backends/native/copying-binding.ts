/** The file of the binding's sources that defines what Node sees; it is compiled as a part of {@link copyingBinding}. */
export const stockBinding = 'tfjs_binding.cc';

/**
 * C++ that adds `copyTensor(id, bytes)` to the binding: a tensor's values go into memory that is there already. What the
 * binding has for it gives new memory each time, and the kernel needs several times as long to find and clear its pages as the
 * copy takes. On a GPU the values come to the host first, as they do there.
 */
export const copyingBinding = `#include <node_api.h>
#include <cstring>
#undef NAPI_MODULE
#define NAPI_MODULE(name, init)
#include "${stockBinding}"
#include "tf_auto_status.h"
#include "tf_auto_tensor.h"

namespace tfnodejs {

// The handles are private; an explicit instantiation may name them all the same.
template <auto Member>
struct Reach {
  friend auto &Handles(TFJSBackend &backend) { return backend.*Member; }
};
auto &Handles(TFJSBackend &backend);
template struct Reach<&TFJSBackend::tfe_handle_map_>;

static napi_value CopyTensor(napi_env env, napi_callback_info info) {
  size_t argc = 2;
  napi_value args[2];
  ENSURE_NAPI_OK_RETVAL(env, napi_get_cb_info(env, info, &argc, args, nullptr, nullptr), nullptr);
  int32_t id;
  if (argc < 2 || napi_get_value_int32(env, args[0], &id) != napi_ok) {
    NAPI_THROW_ERROR(env, "copyTensor() takes a tensor's id and a Uint8Array");
    return nullptr;
  }
  napi_typedarray_type type;
  size_t length;
  void *target;
  bool is_array = false;
  napi_is_typedarray(env, args[1], &is_array);
  if (!is_array || napi_get_typedarray_info(env, args[1], &type, &length, &target, nullptr, nullptr) != napi_ok ||
      type != napi_uint8_array) {
    NAPI_THROW_ERROR(env, "copyTensor() copies into a Uint8Array");
    return nullptr;
  }
  TFJSBackend *const backend = GetTFJSBackend(env);
  if (!backend) return nullptr;
  auto &handles = Handles(*backend);
  auto found = handles.find(id);
  if (found == handles.end()) {
    NAPI_THROW_ERROR(env, "copyTensor() called on a Tensor not referenced (tensor_id: %d)", id);
    return nullptr;
  }
  TF_AutoStatus status;
  TF_AutoTensor tensor(TFE_TensorHandleResolve(found->second, status.status));
  ENSURE_TF_OK_RETVAL(env, status, nullptr);
  if (TF_TensorType(tensor.tensor) == TF_STRING || TF_TensorByteSize(tensor.tensor) != length) {
    NAPI_THROW_ERROR(env, "copyTensor() has %zu bytes for a tensor of %zu", length, TF_TensorByteSize(tensor.tensor));
    return nullptr;
  }
  if (length > 0) std::memcpy(target, TF_TensorData(tensor.tensor), length);
  return nullptr;
}

static napi_value InitCopyingBinding(napi_env env, napi_value exports) {
  exports = InitTFNodeJSBinding(env, exports);
  if (exports == nullptr) return nullptr;
  napi_property_descriptor property = {"copyTensor", nullptr, CopyTensor, nullptr, nullptr, nullptr, napi_default, nullptr};
  ENSURE_NAPI_OK_RETVAL(env, napi_define_properties(env, exports, 1, &property), exports);
  return exports;
}

}  // namespace tfnodejs

NAPI_MODULE_INIT() { return tfnodejs::InitCopyingBinding(env, exports); }
`;
