/**
 * C++ of the binding's `gatherValues(sources, target, places, session?, operation?, ready?)`: the values of tensors, and those of a
 * session's variables, go into one piece of memory that is there already. What the binding has for it gives new memory each time,
 * and the kernel needs several times as long to find and clear its pages as the copy takes. On a GPU the values come to the host
 * first, as they do there. With `ready`, values in the host's memory are copied by a thread of its own after the call, which
 * returns true then. All lists are arrays of numbers: to ask JS for hundreds of objects takes as long as to copy a small state.
 */
export const gatherValues = `// What is copied together: values that came from a GPU are in the host's memory twice until then.
static const size_t kBytesTogether = 128 << 20;
// What is copied at once although it might be copied beside the next step: that step would wait longer for the processor.
static const size_t kLeastBytesBeside = 16 << 20;

// RunOptions (tensorflow/core/protobuf/config.proto) with inter_op_thread_pool = -1: to wake another thread takes its time.
static const unsigned char kInThisThread[] = {0x18, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1};

// Runs an operation of a session, which reads its variables: their memory is the session's own until it changes a variable. On a
// GPU it is a copy in the host's memory. False: it threw.
static bool ReadSession(napi_env env, TFJSBackend &backend, napi_value session, napi_value operation,
                        const std::vector<int> &outputs, std::vector<TF_Tensor *> &values) {
  int32_t id = -1;
  auto &sessions = Get(Sessions{}, backend);
  auto found = napi_get_value_int32(env, session, &id) == napi_ok ? sessions.find(id) : sessions.end();
  if (found == sessions.end()) {
    NAPI_THROW_ERROR(env, "gatherValues() has outputs, and no session of theirs (session: %d)", id);
    return false;
  }
  char name[256] = "";
  size_t length;
  napi_get_value_string_utf8(env, operation, name, sizeof name, &length);
  TF_Operation *const found_operation = TF_GraphOperationByName(found->second.second, name);
  const int count = found_operation == nullptr ? 0 : TF_OperationNumOutputs(found_operation);
  std::vector<TF_Output> read;
  for (const int output : outputs) {
    read.push_back({found_operation, output});
    if (output < count) continue;
    NAPI_THROW_ERROR(env, "gatherValues() called on an output that is not in the session (%s:%d)", name, output);
    return false;
  }
  TF_AutoStatus status;
  values.resize(read.size());
  const std::unique_ptr<TF_Buffer, decltype(&TF_DeleteBuffer)> options(
      TF_NewBufferFromString(kInThisThread, sizeof kInThisThread), TF_DeleteBuffer);
  TF_SessionRun(found->second.first, options.get(), nullptr, nullptr, 0, read.data(), values.data(), read.size(), nullptr, 0,
                nullptr, status.status);
  ENSURE_TF_OK_RETVAL(env, status, false);
  return true;
}

// The memory of an array of numbers of this type. Null: it is something else.
template <typename Number>
static Number *FindNumbers(napi_env env, napi_value array, napi_typedarray_type wanted, size_t *length) {
  bool is_array = false;
  napi_typedarray_type type;
  void *numbers;
  if (napi_is_typedarray(env, array, &is_array) != napi_ok || !is_array ||
      napi_get_typedarray_info(env, array, &type, length, &numbers, nullptr, nullptr) != napi_ok || type != wanted)
    return nullptr;
  // That of an empty array may be null.
  static Number none;
  return numbers == nullptr ? &none : static_cast<Number *>(numbers);
}

// gatherValues(sources: Int32Array, target: Uint8Array, places: Float64Array, session?: number, operation?: string,
//              ready?: Int32Array): boolean
static napi_value GatherValues(napi_env env, napi_callback_info info) {
  size_t argc = 6, count = 0, room = 0, numbers = 0, flags = 0;
  napi_value args[6], is_under_way;
  ENSURE_NAPI_OK_RETVAL(env, napi_get_cb_info(env, info, &argc, args, nullptr, nullptr), nullptr);
  const int32_t *const sources = FindNumbers<int32_t>(env, args[0], napi_int32_array, &count);
  char *const target = FindNumbers<char>(env, args[1], napi_uint8_array, &room);
  const double *const places = FindNumbers<double>(env, args[2], napi_float64_array, &numbers);
  if (sources == nullptr || target == nullptr || places == nullptr || numbers != 2 * count) {
    NAPI_THROW_ERROR(env, "gatherValues() takes an Int32Array, a Uint8Array, and a Float64Array of two places for each source");
    return nullptr;
  }
  int32_t *ready = FindNumbers<int32_t>(env, args[5], napi_int32_array, &flags);
  if (flags == 0) ready = nullptr;
  TFJSBackend *const backend = GetTFJSBackend(env);
  if (!backend) return nullptr;
  FinishBackground(env);
  std::vector<int> outputs;
  for (size_t index = 0; index < count; index++)
    if (sources[index] < 0) outputs.push_back(-1 - sources[index]);
  std::vector<TF_Tensor *> read;
  if (!outputs.empty() && !ReadSession(env, *backend, args[3], args[4], outputs, read)) return nullptr;
  std::vector<std::unique_ptr<TF_AutoTensor>> values, tensors;
  for (TF_Tensor *value : read) values.push_back(std::make_unique<TF_AutoTensor>(value));
  auto next = values.begin();
  bool are_on_host = true;
  auto &handles = Get(Handles{}, *backend);
  std::vector<Copy> copies;
  size_t bytes = 0;
  for (size_t index = 0; index < count; index++) {
    auto found = handles.find(sources[index]);
    if (sources[index] < 0) {
      tensors.push_back(std::move(*next++));
    } else if (found != handles.end()) {
      TF_AutoStatus status;
      are_on_host = are_on_host && IsOnHost(found->second);
      tensors.push_back(std::make_unique<TF_AutoTensor>(TFE_TensorHandleResolve(found->second, status.status)));
      ENSURE_TF_OK_RETVAL(env, status, nullptr);
    } else {
      NAPI_THROW_ERROR(env, "gatherValues() called on a Tensor not referenced (tensor_id: %d)", sources[index]);
      return nullptr;
    }
    TF_Tensor *const tensor = tensors.back()->tensor;
    const double offset = places[2 * index], length = places[2 * index + 1];
    if (TF_TensorType(tensor) == TF_STRING || TF_TensorByteSize(tensor) != length) {
      NAPI_THROW_ERROR(env, "gatherValues() has %.0f bytes for a tensor of %zu", length, TF_TensorByteSize(tensor));
      return nullptr;
    }
    if (!(offset >= 0 && offset + length <= room)) {
      NAPI_THROW_ERROR(env, "gatherValues() has no bytes from %.0f to %.0f, but %zu", offset, offset + length, room);
      return nullptr;
    }
    const size_t size = TF_TensorByteSize(tensor);
    copies.push_back({target + static_cast<size_t>(offset), static_cast<const char *>(TF_TensorData(tensor)), size});
    bytes += size;
    if (bytes < kBytesTogether || (ready != nullptr && are_on_host)) continue;
    CopyAll(copies);
    copies.clear();
    tensors.clear();
    bytes = 0;
  }
  const bool begins = ready != nullptr && are_on_host && bytes >= kLeastBytesBeside &&
                      BeginCopy(env, {args[1], args[5]}, tensors, copies, ready);
  if (!begins) CopyAll(copies);
  ENSURE_NAPI_OK_RETVAL(env, napi_get_boolean(env, begins, &is_under_way), nullptr);
  return is_under_way;
}
`;
