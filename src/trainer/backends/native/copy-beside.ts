/**
 * C++ of the thread that copies tensors beside the training's next step. It holds on to them, tensor by tensor, so that an operation
 * in place which comes sooner changes a copy of TensorFlow's own.
 */
export const copyBeside = `// The copy that goes on beside the training. JS does not let go of its memory meanwhile.
struct Background {
  std::thread thread;
  std::vector<napi_ref> memory;
  void Join() {
    if (thread.joinable()) thread.join();
  }
  // process.exit() runs no hooks of an environment.
  ~Background() { Join(); }
};
static Background background;

static void JoinBackground(void *) { background.Join(); }

static void FinishBackground(napi_env env) {
  background.Join();
  for (napi_ref reference : background.memory) napi_delete_reference(env, reference);
  background.memory.clear();
}

static void CopyAndRelease(std::shared_ptr<std::vector<std::unique_ptr<TF_AutoTensor>>> tensors, std::vector<Copy> copies,
                           int32_t *ready) {
  // From the last to the first, as gradients arrive.
  for (size_t index = copies.size(); index-- > 0;) {
    CopyBytes(copies[index].to, copies[index].from, copies[index].length);
    (*tensors)[index].reset();
  }
#ifdef __SSE2__
  _mm_sfence();
#endif
  __atomic_store_n(ready, 1, __ATOMIC_RELEASE);
}

// Begins to copy in a thread, which the tensors go to. False: there is no thread to be had.
static bool BeginCopy(napi_env env, const std::vector<napi_value> &arrays,
                      std::vector<std::unique_ptr<TF_AutoTensor>> &tensors, const std::vector<Copy> &copies, int32_t *ready) {
  for (napi_value array : arrays) {
    napi_ref reference;
    if (napi_create_reference(env, array, 1, &reference) != napi_ok) return false;
    background.memory.push_back(reference);
  }
  auto shared = std::make_shared<std::vector<std::unique_ptr<TF_AutoTensor>>>(std::move(tensors));
  try {
    background.thread = std::thread(CopyAndRelease, shared, copies, ready);
  } catch (const std::system_error &) {
    tensors = std::move(*shared);
    return false;
  }
  return true;
}
`;
