/**
 * C++ of the binding's `copyTensors(ids, targets)`: the values of tensors go into memory that is there already. What the binding
 * has for it gives new memory each time, and the kernel needs several times as long to find and clear its pages as the copy takes.
 * Large states are copied by up to four threads, because one processor does not use all of the memory's bandwidth, and past the
 * caches. On a GPU the values come to the host first, as they do there.
 */
export const copyTensors = `struct Copy {
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
`;
