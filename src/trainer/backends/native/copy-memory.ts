/**
 * C++ that copies memory. Large states are copied by up to four threads, because one processor does not use all of the memory's
 * bandwidth, and past the caches.
 */
export const copyMemory = `struct Copy {
  char *to;
  const char *from;
  size_t length;
};

// Threads that copy less than that take longer to start than they save.
static const size_t kLeastBytesOfThread = 4 << 20;

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
`;
