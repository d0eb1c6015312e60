import type { Scalar, Tensor, Variable } from '@tensorflow/tfjs-core';

/** TensorFlow's operation that updates a weight and its slots in place. */
export interface FusedRule {
  readonly op: string;
  /** Its inputs after the weight and the slots: numbers are float32 constants. */
  readonly operands: (tensors: { readonly rate: Scalar; readonly gradient: Tensor }) => (Tensor | number)[];
}

/** One weight's update: `targets` are the weight and its slots. */
export interface FusedUpdate {
  readonly rule: FusedRule;
  readonly rate: Scalar;
  readonly gradient: Tensor;
  readonly targets: readonly Variable[];
  /** Does it in the memory of the targets, on a backend that can: only when nobody else looks at their values. */
  readonly inPlace?: () => void;
}

/** Takes an update down as one operation; `compute` does the same now, and is not taken down. */
export type UpdateRecorder = (update: FusedUpdate, compute: () => void) => void;

let recorder: UpdateRecorder | undefined;

/** Has the updates of `run` taken down. */
export function recordUpdates<Result>(by: UpdateRecorder, run: () => Result): Result {
  recorder = by;
  try {
    return run();
  } finally {
    recorder = undefined;
  }
}

/** Updates a weight and its slots by `compute`, which a recording replaces with the one operation. */
export function updateFused(update: FusedUpdate, compute: () => void): void {
  if (recorder === undefined) compute();
  else recorder(update, compute);
}
