/** The file of the binding's sources that defines what Node sees; it is compiled as a part of {@link copyingBinding}. */
export const stockBinding = 'tfjs_binding.cc';

/**
 * C++ that adds `copyTensors(ids, targets)` to the binding: the values of tensors go into memory that is there already. What the
 * binding has for it gives new memory each time, and the kernel needs several times as long to find and clear its pages as the
 * copy takes. Large states are copied by up to four threads, because one processor does not use all of the memory's bandwidth.
 * On a GPU the values come to the host first, as they do there.
 *
 * And `refillTensor(shape, dtype, fill, spare)`, the other way round: a tensor whose memory is TensorFlow's own from the beginning.
 * The stock `createTensor` shares the array that it is given, as long as its address suits TensorFlow, and copies it otherwise. The
 * memory is that of the tensor `spare`, if there is one of the same shape and type that nothing else uses: the kernel needs several
 * times as long to find and clear new pages as it takes to read into them.
 */
export const copyingBinding = `#include <node_api.h>
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
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
struct NextId {};
auto &Get(NextId, TFJSBackend &backend);
template struct Reach<NextId, &TFJSBackend::next_tensor_id_>;
struct Context {};
auto &Get(Context, TFJSBackend &backend);
template struct Reach<Context, &TFJSBackend::tfe_context_>;
struct Device {};
auto &Get(Device, TFJSBackend &backend);
template struct Reach<Device, &TFJSBackend::device_name>;

struct Copy {
  char *to;
  const char *from;
  size_t length;
};

// Threads that copy less than that take longer to start than they save.
static const size_t kLeastBytesOfThread = 4 << 20;
// What is copied together: values that came from a GPU are in the host's memory twice until then.
static const size_t kBytesTogether = 128 << 20;

// Copies past the caches, so that the lines which are written need not be read before: a state does not fit into them anyway.
static void CopyBytes(char *to, const char *from, size_t length) {
#ifdef __SSE2__
  const size_t head = std::min(length, (16 - reinterpret_cast<uintptr_t>(to) % 16) % 16);
  std::memcpy(to, from, head);
  size_t done = head;
  for (; done + 64 <= length; done += 64) {
    const __m128i *const source = reinterpret_cast<const __m128i *>(from + done);
    __m128i *const target = reinterpret_cast<__m128i *>(to + done);
    const __m128i first = _mm_loadu_si128(source), second = _mm_loadu_si128(source + 1);
    const __m128i third = _mm_loadu_si128(source + 2), fourth = _mm_loadu_si128(source + 3);
    _mm_stream_si128(target, first);
    _mm_stream_si128(target + 1, second);
    _mm_stream_si128(target + 2, third);
    _mm_stream_si128(target + 3, fourth);
  }
  std::memcpy(to + done, from + done, length - done);
#else
  std::memcpy(to, from, length);
#endif
}

// Copies the bytes from begin to end, counted over all copies.
static void CopyRange(const std::vector<Copy> &copies, size_t begin, size_t end) {
  size_t start = 0;
  for (const Copy &copy : copies) {
    const size_t first = std::max(begin, start), last = std::min(end, start + copy.length);
    if (first < last) CopyBytes(copy.to + (first - start), copy.from + (first - start), last - first);
    start += copy.length;
    if (start >= end) break;
  }
#ifdef __SSE2__
  _mm_sfence();
#endif
}

static void CopyAll(const std::vector<Copy> &copies) {
  size_t total = 0;
  for (const Copy &copy : copies) total += copy.length;
  const size_t most = std::min<size_t>(4, std::max(1u, std::thread::hardware_concurrency()));
  const size_t count = std::max<size_t>(1, std::min(most, total / kLeastBytesOfThread));
  const size_t share = (total / count + 4095) / 4096 * 4096;
  std::vector<std::thread> threads;
  size_t begun = share;
  try {
    for (; threads.size() + 1 < count && begun < total; begun += share)
      threads.emplace_back(CopyRange, std::cref(copies), begun, std::min(total, begun + share));
  } catch (const std::system_error &) {
    // No more threads are to be had: this one copies what they do not.
  }
  CopyRange(copies, 0, std::min(total, share));
  if (begun < total) CopyRange(copies, begun, total);
  for (std::thread &thread : threads) thread.join();
}

// copyTensors(ids: number[], targets: Uint8Array[])
static napi_value CopyTensors(napi_env env, napi_callback_info info) {
  size_t argc = 2;
  napi_value args[2];
  ENSURE_NAPI_OK_RETVAL(env, napi_get_cb_info(env, info, &argc, args, nullptr, nullptr), nullptr);
  uint32_t count = 0, targets = 0;
  if (argc < 2 || napi_get_array_length(env, args[0], &count) != napi_ok ||
      napi_get_array_length(env, args[1], &targets) != napi_ok || count != targets) {
    NAPI_THROW_ERROR(env, "copyTensors() takes tensors' ids and as many Uint8Arrays");
    return nullptr;
  }
  TFJSBackend *const backend = GetTFJSBackend(env);
  if (!backend) return nullptr;
  auto &handles = Get(Handles{}, *backend);
  std::vector<std::unique_ptr<TF_AutoTensor>> tensors;
  std::vector<Copy> copies;
  size_t bytes = 0;
  for (uint32_t index = 0; index < count; index++) {
    napi_value element, array;
    int32_t id;
    if (napi_get_element(env, args[0], index, &element) != napi_ok || napi_get_value_int32(env, element, &id) != napi_ok) {
      NAPI_THROW_ERROR(env, "copyTensors() takes tensors' ids");
      return nullptr;
    }
    napi_typedarray_type type;
    size_t length;
    void *target;
    bool is_array = false;
    if (napi_get_element(env, args[1], index, &array) != napi_ok ||
        napi_is_typedarray(env, array, &is_array) != napi_ok || !is_array ||
        napi_get_typedarray_info(env, array, &type, &length, &target, nullptr, nullptr) != napi_ok ||
        type != napi_uint8_array) {
      NAPI_THROW_ERROR(env, "copyTensors() copies into Uint8Arrays");
      return nullptr;
    }
    auto found = handles.find(id);
    if (found == handles.end()) {
      NAPI_THROW_ERROR(env, "copyTensors() called on a Tensor not referenced (tensor_id: %d)", id);
      return nullptr;
    }
    TF_AutoStatus status;
    tensors.push_back(std::make_unique<TF_AutoTensor>(TFE_TensorHandleResolve(found->second, status.status)));
    ENSURE_TF_OK_RETVAL(env, status, nullptr);
    TF_Tensor *const tensor = tensors.back()->tensor;
    if (TF_TensorType(tensor) == TF_STRING || TF_TensorByteSize(tensor) != length) {
      NAPI_THROW_ERROR(env, "copyTensors() has %zu bytes for a tensor of %zu", length, TF_TensorByteSize(tensor));
      return nullptr;
    }
    copies.push_back({static_cast<char *>(target), static_cast<const char *>(TF_TensorData(tensor)), length});
    bytes += length;
    if (bytes < kBytesTogether) continue;
    CopyAll(copies);
    copies.clear();
    tensors.clear();
    bytes = 0;
  }
  CopyAll(copies);
  return nullptr;
}

// Has fill write the memory of a tensor, and takes that memory away from JS before anything else happens. False: it threw.
static bool FillMemory(napi_env env, napi_value fill, TF_Tensor *tensor) {
  const size_t length = TF_TensorByteSize(tensor);
  napi_value memory, array, receiver, ignored, error = nullptr;
  ENSURE_NAPI_OK_RETVAL(
      env, napi_create_external_arraybuffer(env, TF_TensorData(tensor), length, nullptr, nullptr, &memory), false);
  napi_status status = napi_create_typedarray(env, napi_uint8_array, length, memory, 0, &array);
  if (status == napi_ok) status = napi_get_undefined(env, &receiver);
  if (status == napi_ok) status = napi_call_function(env, receiver, fill, 1, &array, &ignored);
  if (status == napi_pending_exception) napi_get_and_clear_last_exception(env, &error);
  ENSURE_NAPI_OK_RETVAL(env, napi_detach_arraybuffer(env, memory), false);
  if (error != nullptr) napi_throw(env, error);
  if (error != nullptr) return false;
  ENSURE_NAPI_OK_RETVAL(env, status, false);
  return true;
}

static bool IsAlike(const TF_Tensor *tensor, TF_DataType dtype, const std::vector<int64_t> &shape) {
  if (TF_TensorType(tensor) != dtype || static_cast<size_t>(TF_NumDims(tensor)) != shape.size()) return false;
  for (size_t axis = 0; axis < shape.size(); axis++)
    if (TF_Dim(tensor, axis) != shape[axis]) return false;
  return true;
}

// Deletes a tensor. Returns it all the same, to be written anew, if it is one of that type and shape whose memory is TensorFlow's
// own, in the host, and used by nothing else.
static TF_Tensor *TakeTensor(TFJSBackend &backend, int32_t id, TF_DataType dtype, const std::vector<int64_t> &shape) {
  auto &handles = Get(Handles{}, backend);
  auto found = handles.find(id);
  if (found == handles.end()) return nullptr;
  TFE_TensorHandle *const handle = found->second;
  handles.erase(found);
  TF_AutoStatus status;
  const char *const device = TFE_TensorHandleBackingDeviceName(handle, status.status);
  const bool is_on_host = TF_GetCode(status.status) == TF_OK && std::strstr(device, "CPU") != nullptr;
  TF_Tensor *const tensor = is_on_host ? TFE_TensorHandleResolve(handle, status.status) : nullptr;
  // It would count as a user.
  TFE_DeleteTensorHandle(handle);
  if (tensor == nullptr) return nullptr;
  TF_Tensor *const taken = IsAlike(tensor, dtype, shape) ? TF_TensorMaybeMove(tensor) : nullptr;
  if (taken == nullptr) TF_DeleteTensor(tensor);
  return taken;
}

// refillTensor(shape: number[], dtype: number, fill: (memory: Uint8Array) => void, spare?: number): number
static napi_value RefillTensor(napi_env env, napi_callback_info info) {
  size_t argc = 4;
  napi_value args[4];
  ENSURE_NAPI_OK_RETVAL(env, napi_get_cb_info(env, info, &argc, args, nullptr, nullptr), nullptr);
  uint32_t rank = 0;
  int32_t dtype = 0, spare = -1;
  napi_valuetype type = napi_undefined;
  if (argc < 3 || napi_get_array_length(env, args[0], &rank) != napi_ok ||
      napi_get_value_int32(env, args[1], &dtype) != napi_ok || napi_typeof(env, args[2], &type) != napi_ok ||
      type != napi_function) {
    NAPI_THROW_ERROR(env, "refillTensor() takes a shape, a type and a function");
    return nullptr;
  }
  std::vector<int64_t> shape(rank);
  size_t bytes = TF_DataTypeSize(static_cast<TF_DataType>(dtype));
  for (uint32_t axis = 0; axis < rank; axis++) {
    napi_value element;
    if (napi_get_element(env, args[0], axis, &element) != napi_ok ||
        napi_get_value_int64(env, element, &shape[axis]) != napi_ok || shape[axis] < 1) {
      NAPI_THROW_ERROR(env, "refillTensor() takes a shape of positive lengths");
      return nullptr;
    }
    bytes *= shape[axis];
  }
  if (bytes == 0) {
    NAPI_THROW_ERROR(env, "refillTensor() takes a type of numbers (dtype: %d)", dtype);
    return nullptr;
  }
  TFJSBackend *const backend = GetTFJSBackend(env);
  if (!backend) return nullptr;
  // Undefined, as without it, is no number.
  if (napi_get_value_int32(env, args[3], &spare) != napi_ok) spare = -1;
  TF_Tensor *const taken = TakeTensor(*backend, spare, static_cast<TF_DataType>(dtype), shape);
  TF_AutoTensor tensor(
      taken != nullptr ? taken : TF_AllocateTensor(static_cast<TF_DataType>(dtype), shape.data(), rank, bytes));
  if (tensor.tensor == nullptr || TF_TensorData(tensor.tensor) == nullptr) {
    NAPI_THROW_ERROR(env, "failed to allocate memory for a tensor of %zu bytes", bytes);
    return nullptr;
  }
  if (!FillMemory(env, args[2], tensor.tensor)) return nullptr;
  TF_AutoStatus status;
  TFE_TensorHandle *handle = TFE_NewTensorHandle(tensor.tensor, status.status);
  ENSURE_TF_OK_RETVAL(env, status, nullptr);
  // As the stock createTensor() does it: kernels of a GPU want their int32 on the host.
  if (dtype != TF_INT32) {
    TFE_TensorHandle *const there =
        TFE_TensorHandleCopyToDevice(handle, Get(Context{}, *backend), Get(Device{}, *backend).c_str(), status.status);
    TFE_DeleteTensorHandle(handle);
    ENSURE_TF_OK_RETVAL(env, status, nullptr);
    handle = there;
  }
  const int32_t id = Get(NextId{}, *backend)++;
  Get(Handles{}, *backend).emplace(id, handle);
  napi_value result;
  ENSURE_NAPI_OK_RETVAL(env, napi_create_int32(env, id, &result), nullptr);
  return result;
}

static napi_value InitCopyingBinding(napi_env env, napi_value exports) {
  exports = InitTFNodeJSBinding(env, exports);
  if (exports == nullptr) return nullptr;
  napi_property_descriptor properties[] = {
      {"copyTensors", nullptr, CopyTensors, nullptr, nullptr, nullptr, napi_default, nullptr},
      {"refillTensor", nullptr, RefillTensor, nullptr, nullptr, nullptr, napi_default, nullptr},
  };
  ENSURE_NAPI_OK_RETVAL(env, napi_define_properties(env, exports, 2, properties), exports);
  return exports;
}

}  // namespace tfnodejs

NAPI_MODULE_INIT() { return tfnodejs::InitCopyingBinding(env, exports); }
`;
