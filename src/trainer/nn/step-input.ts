import type { DataType, Scalar, Tensor } from '@tensorflow/tfjs-core';
import { tensor } from '@tensorflow/tfjs-core';

/** Values of a tensor, as tfjs takes them. */
export type Values = Float32Array | Int32Array;

/** An array that a step reads anew each time, with its shape. */
export interface StepArray {
  readonly shape: readonly number[];
  readonly values: Values;
}

/** How an input's value is found for each step. */
export interface StepInput {
  readonly read: () => Tensor | StepArray;
  /** Whether the length of the first axis differs from step to step. */
  readonly varies: boolean;
}

/** Something that a step does beside tensors. */
export interface StepEffect {
  readonly run: () => void;
  readonly undo: () => void;
}

/** Told what a step takes from outside while it is being recorded. */
export interface StepListener {
  readonly onInput: (tensor: Tensor, input: StepInput) => void;
  /** Has to run the effect, if it is to happen. */
  readonly onEffect: (effect: StepEffect) => void;
}

let listener: StepListener | undefined;

/**
 * Tells `to` of every input and effect of the step that `run` takes. A recorded step is replayed without running its code
 * again, so that all it takes from outside (images, labels, rates, masks) has to come through the functions below; what comes
 * otherwise is a constant of the recording.
 */
export function listenToStep<Result>(to: StepListener, run: () => Result): Result {
  listener = to;
  try {
    return run();
  } finally {
    listener = undefined;
  }
}

/** A tensor that the step is given, such as its images. */
export function stepTensor<T extends Tensor>(read: () => T): T {
  const value = read();
  listener?.onInput(value, { read, varies: false });
  return value;
}

/** A number of the step, such as a learning rate, as a float32 scalar. */
export function stepScalar(read: () => number): Scalar {
  return stepArray('float32', () => ({ shape: [], values: Float32Array.of(read()) })) as Scalar;
}

/** An array of the step, such as its labels. Its shape is always the same, but for the first axis when it `varies`. */
export function stepArray(dtype: DataType, read: () => StepArray, { varies = false } = {}): Tensor {
  const { shape, values } = read();
  const made = tensor(values, [...shape], dtype);
  listener?.onInput(made, { read, varies });
  return made;
}

/** Something to do in each step beside tensors, such as counting; a replay does it before it reads its inputs. */
export function stepEffect(effect: StepEffect): void {
  if (listener === undefined) effect.run();
  else listener.onEffect(effect);
}
