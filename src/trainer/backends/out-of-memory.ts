/**
 * The line of an error that says that memory is exhausted, on the card or on the host; undefined for any other error. It is in
 * TensorFlow's own words, which name device and allocator, and by which supervise tells the two classes apart. "Dst tensor is not
 * initialized" is all that it says when a card has no memory for values that come from the host.
 */
export function outOfMemoryLine(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  return /(OOM when allocating|GPU out of memory|CUDA_ERROR_OUT_OF_MEMORY|failed to allocate memory|Dst tensor is not initialized)[^\n]*/i.exec(
    error.message,
  )?.[0];
}
