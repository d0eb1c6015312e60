import type { FaultKind } from './failure-trace.js';

/** What a trainer's log ends with, for the classification to read: as large runs report these failures. */
export function logTailOf(kind: FaultKind): readonly string[] {
  return kind === 'machine-lost'
    ? ['torch.distributed.DistBackendError: NCCL error: remote process exited or there was a network error']
    : ['RuntimeError: CUDA error: an illegal memory access was encountered'];
}
