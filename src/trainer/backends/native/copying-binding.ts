import { copyBeside } from './copy-beside.js';
import { copyMemory } from './copy-memory.js';
import { gatherValues } from './gather-values.js';
import { refillTensor } from './refill-tensor.js';

/** The file of the binding's sources that defines what Node sees; it is compiled as a part of {@link copyingBinding}. */
export const stockBinding = 'tfjs_binding.cc';

/**
 * C++ that adds `gatherValues` and `refillTensor` to the binding, for states in memory that is there already. It includes the stock
 * sources, and reaches into their backend.
 */
export const copyingBinding = `#include <node_api.h>
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <system_error>
#include <thread>
#include <vector>
#ifdef __SSE2__
#include <emmintrin.h>
#endif
#undef NAPI_MODULE
#define NAPI_MODULE(name, init)
#include "${stockBinding}"
#include "tf_auto_status.h"
#include "tf_auto_tensor.h"

namespace tfnodejs {

// These members are private; an explicit instantiation may name them all the same.
template <typename Name, auto Member>
struct Reach {
  friend auto &Get(Name, TFJSBackend &backend) { return backend.*Member; }
};
struct Handles {};
auto &Get(Handles, TFJSBackend &backend);
template struct Reach<Handles, &TFJSBackend::tfe_handle_map_>;
struct Sessions {};
auto &Get(Sessions, TFJSBackend &backend);
template struct Reach<Sessions, &TFJSBackend::tf_savedmodel_map_>;
struct NextId {};
auto &Get(NextId, TFJSBackend &backend);
template struct Reach<NextId, &TFJSBackend::next_tensor_id_>;
struct Context {};
auto &Get(Context, TFJSBackend &backend);
template struct Reach<Context, &TFJSBackend::tfe_context_>;
struct Device {};
auto &Get(Device, TFJSBackend &backend);
template struct Reach<Device, &TFJSBackend::device_name>;

static bool IsOnHost(TFE_TensorHandle *handle) {
  TF_AutoStatus status;
  const char *const device = TFE_TensorHandleBackingDeviceName(handle, status.status);
  return TF_GetCode(status.status) == TF_OK && std::strstr(device, "CPU") != nullptr;
}

${copyMemory}
${copyBeside}
${gatherValues}
${refillTensor}
static napi_value InitCopyingBinding(napi_env env, napi_value exports) {
  exports = InitTFNodeJSBinding(env, exports);
  if (exports == nullptr) return nullptr;
  napi_property_descriptor properties[] = {
      {"gatherValues", nullptr, GatherValues, nullptr, nullptr, nullptr, napi_default, nullptr},
      {"refillTensor", nullptr, RefillTensor, nullptr, nullptr, nullptr, napi_default, nullptr},
  };
  ENSURE_NAPI_OK_RETVAL(env, napi_define_properties(env, exports, 2, properties), exports);
  ENSURE_NAPI_OK_RETVAL(env, napi_add_env_cleanup_hook(env, JoinBackground, nullptr), exports);
  return exports;
}

}  // namespace tfnodejs

NAPI_MODULE_INIT() { return tfnodejs::InitCopyingBinding(env, exports); }
`;
