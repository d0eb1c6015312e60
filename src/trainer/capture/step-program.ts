import type { Scalar, Tensor, Variable } from '@tensorflow/tfjs-core';
import { dispose, stack } from '@tensorflow/tfjs-core';
import { nativeBackend } from '../backends/tensorflow-ops.js';

/** A training step as a computation on tensors that can be run operation by operation, or recorded once and replayed. */
export interface StepProgram<Batch> {
  /**
   * Takes one step: updates the variables and returns figures as scalars by name, which the caller frees. What differs from
   * step to step comes through the functions of `nn/step-input.ts`, which read the batch's properties anew in a replay.
   */
  readonly compute: (batch: Batch) => Readonly<Record<string, Scalar>>;
  /** All of a batch that decides which operations are run, such as its sizes: steps that differ in it are recorded apart. */
  readonly structureOf: (batch: Batch) => string;
}

/** Where TensorFlow has values: in tensors, by handle, or as outputs of an operation of a session, of which −1 − n is output n. */
export interface ValuePlaces {
  readonly sources: Int32Array;
  readonly session?: number | undefined;
  readonly operation?: string;
}

/** A training step that can be taken. */
export interface StepRunner<Batch> {
  /** Takes one step and returns its figures. */
  readonly run: (batch: Batch) => Promise<Readonly<Record<string, number>>>;
  /** Brings the variables up to date; to be called before they are read anywhere else. */
  readonly settle: () => void;
  /**
   * Where the variables' present values are until the next step, on the tensorflow backend. The variables are not brought up to
   * date: as long as they held the session's values, the session would have to copy each one before it changes it.
   */
  readonly locate: (variables: readonly Variable[]) => ValuePlaces;
  readonly dispose: () => void;
}

/** Where variables' values are that no session has. */
export function locateTensors(variables: readonly Variable[]): ValuePlaces {
  return { sources: Int32Array.from(nativeBackend().getInputTensorIds(variables)) };
}

/** Runs a step operation by operation. */
export function runEagerly<Batch>({ compute }: StepProgram<Batch>): StepRunner<Batch> {
  return {
    run: (batch) => readScalars(compute(batch)),
    settle: () => undefined,
    locate: locateTensors,
    dispose: () => undefined,
  };
}

/** Reads many scalars in one transfer, and frees them. */
async function readScalars(figures: Readonly<Record<string, Tensor>>): Promise<Record<string, number>> {
  const all = stack(Object.values(figures));
  dispose(Object.values(figures));
  const values = await all.data();
  all.dispose();
  return Object.fromEntries(Object.keys(figures).map((name, index) => [name, values[index] as number]));
}
