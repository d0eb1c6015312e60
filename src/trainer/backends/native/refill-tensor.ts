/**
 * C++ of the binding's `refillTensor(shape, dtype, fill, spare)`: a tensor whose memory is TensorFlow's own from the beginning. The
 * stock `createTensor` shares the array that it is given, as long as its address suits TensorFlow, and copies it otherwise. The
 * memory is that of the tensor `spare`, if there is one of the same shape and type that nothing else uses: the kernel needs several
 * times as long to find and clear new pages as it takes to read into them.
 */
export const refillTensor = `// Has fill write the memory of a tensor, and takes that memory away from JS before anything else happens. False: it threw.
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
  TF_Tensor *const tensor = IsOnHost(handle) ? TFE_TensorHandleResolve(handle, status.status) : nullptr;
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
`;
