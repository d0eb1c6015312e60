/**
 * C++ of the binding's `copyValues(sources, targets, session?, ready?)`: the values of tensors, and those of a session's variables,
 * go into memory that is there already. What the binding has for it gives new memory each time, and the kernel needs several times
 * as long to find and clear its pages as the copy takes. On a GPU the values come to the host first, as they do there. With `ready`,
 * values in the host's memory are copied by a thread of its own after the call, which returns true then.
 */
export const copyValues = `// What is copied together: values that came from a GPU are in the host's memory twice until then.
static const size_t kBytesTogether = 128 << 20;
// What is copied at once although it might be copied beside the next step: that step would wait longer for the processor.
static const size_t kLeastBytesBeside = 16 << 20;

// Runs operations of a session, which read its variables: their memory is the session's own until it changes a variable. On a GPU
// it is a copy in the host's memory. False: it threw.
static bool ReadSession(napi_env env, TFJSBackend &backend, napi_value session, const std::vector<std::string> &names,
                        std::vector<TF_Tensor *> &values) {
  int32_t id = -1;
  auto &sessions = Get(Sessions{}, backend);
  auto found = napi_get_value_int32(env, session, &id) == napi_ok ? sessions.find(id) : sessions.end();
  if (found == sessions.end()) {
    NAPI_THROW_ERROR(env, "copyValues() has names, and no session of theirs (session: %d)", id);
    return false;
  }
  std::vector<TF_Output> outputs;
  for (const std::string &name : names) {
    outputs.push_back({TF_GraphOperationByName(found->second.second, name.c_str()), 0});
    if (outputs.back().oper != nullptr) continue;
    NAPI_THROW_ERROR(env, "copyValues() called on an operation that is not in the session (name: %s)", name.c_str());
    return false;
  }
  TF_AutoStatus status;
  values.resize(names.size());
  TF_SessionRun(found->second.first, nullptr, nullptr, nullptr, 0, outputs.data(), values.data(), outputs.size(), nullptr, 0,
                nullptr, status.status);
  ENSURE_TF_OK_RETVAL(env, status, false);
  return true;
}

static bool ReadName(napi_env env, napi_value value, std::string &name) {
  size_t length;
  if (napi_get_value_string_utf8(env, value, nullptr, 0, &length) != napi_ok) return false;
  name.resize(length);
  return napi_get_value_string_utf8(env, value, &name[0], length + 1, &length) == napi_ok;
}

// The memory of a Uint8Array. False: it is something else.
static bool FindTarget(napi_env env, napi_value array, void **target, size_t *length) {
  bool is_array = false;
  napi_typedarray_type type;
  return napi_is_typedarray(env, array, &is_array) == napi_ok && is_array &&
         napi_get_typedarray_info(env, array, &type, length, target, nullptr, nullptr) == napi_ok && type == napi_uint8_array;
}

// copyValues(sources: (number | string)[], targets: Uint8Array[], session?: number, ready?: Int32Array): boolean
static napi_value CopyValues(napi_env env, napi_callback_info info) {
  size_t argc = 4;
  napi_value args[4], is_under_way;
  ENSURE_NAPI_OK_RETVAL(env, napi_get_cb_info(env, info, &argc, args, nullptr, nullptr), nullptr);
  uint32_t count = 0, targets = 0;
  if (argc < 2 || napi_get_array_length(env, args[0], &count) != napi_ok ||
      napi_get_array_length(env, args[1], &targets) != napi_ok || count != targets) {
    NAPI_THROW_ERROR(env, "copyValues() takes sources and as many Uint8Arrays");
    return nullptr;
  }
  TFJSBackend *const backend = GetTFJSBackend(env);
  if (!backend) return nullptr;
  FinishBackground(env);
  std::vector<int32_t> ids(count);
  std::vector<bool> are_named(count);
  std::vector<std::string> names;
  for (uint32_t index = 0; index < count; index++) {
    napi_value source;
    std::string name;
    if (napi_get_element(env, args[0], index, &source) == napi_ok && napi_get_value_int32(env, source, &ids[index]) == napi_ok)
      continue;
    if (!ReadName(env, source, name)) {
      NAPI_THROW_ERROR(env, "copyValues() takes tensors' ids, and names of a session's operations");
      return nullptr;
    }
    names.push_back(name);
    are_named[index] = true;
  }
  std::vector<TF_Tensor *> named;
  if (!names.empty() && !ReadSession(env, *backend, args[2], names, named)) return nullptr;
  std::vector<std::unique_ptr<TF_AutoTensor>> values, tensors;
  for (TF_Tensor *value : named) values.push_back(std::make_unique<TF_AutoTensor>(value));
  auto next = values.begin();
  int32_t *const ready = FindFlag(env, args[3]);
  bool are_on_host = true;
  auto &handles = Get(Handles{}, *backend);
  std::vector<Copy> copies;
  size_t bytes = 0;
  for (uint32_t index = 0; index < count; index++) {
    napi_value array;
    size_t length;
    void *target;
    if (napi_get_element(env, args[1], index, &array) != napi_ok || !FindTarget(env, array, &target, &length)) {
      NAPI_THROW_ERROR(env, "copyValues() copies into Uint8Arrays");
      return nullptr;
    }
    auto found = handles.find(ids[index]);
    if (are_named[index]) {
      tensors.push_back(std::move(*next++));
    } else if (found != handles.end()) {
      TF_AutoStatus status;
      are_on_host = are_on_host && IsOnHost(found->second);
      tensors.push_back(std::make_unique<TF_AutoTensor>(TFE_TensorHandleResolve(found->second, status.status)));
      ENSURE_TF_OK_RETVAL(env, status, nullptr);
    } else {
      NAPI_THROW_ERROR(env, "copyValues() called on a Tensor not referenced (tensor_id: %d)", ids[index]);
      return nullptr;
    }
    TF_Tensor *const tensor = tensors.back()->tensor;
    if (TF_TensorType(tensor) == TF_STRING || TF_TensorByteSize(tensor) != length) {
      NAPI_THROW_ERROR(env, "copyValues() has %zu bytes for a tensor of %zu", length, TF_TensorByteSize(tensor));
      return nullptr;
    }
    copies.push_back({static_cast<char *>(target), static_cast<const char *>(TF_TensorData(tensor)), length});
    bytes += length;
    if (bytes < kBytesTogether || (ready != nullptr && are_on_host)) continue;
    CopyAll(copies);
    copies.clear();
    tensors.clear();
    bytes = 0;
  }
  const bool begins = ready != nullptr && are_on_host && bytes >= kLeastBytesBeside &&
                      BeginCopy(env, {args[1], args[3]}, tensors, copies, ready);
  if (!begins) CopyAll(copies);
  ENSURE_NAPI_OK_RETVAL(env, napi_get_boolean(env, begins, &is_under_way), nullptr);
  return is_under_way;
}
`;
