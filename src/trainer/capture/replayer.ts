import type { Scalar } from '@tensorflow/tfjs-core';
import type { StepRunner } from './step-program.js';

/** Figures of a step by name. */
export type Figures = Readonly<Record<string, number>>;

/** How a backend takes down a step and takes it again without running its code. */
export interface Replayer<Recording> {
  /**
   * Takes down a step. Variables and counters are afterwards what they were before.
   * @throws Error when the step cannot be replayed: it reads what it has computed, or makes variables
   */
  readonly record: (compute: () => Readonly<Record<string, Scalar>>) => Recording;
  /** Takes a recorded step with the inputs as they read now. @throws Error when it cannot be taken; nothing has happened then */
  readonly replay: (recording: Recording) => Promise<Figures> | Figures;
  /** Gives back memory that steps only need when they run operation by operation. */
  readonly trim?: () => void;
  /** Lets go of a recording that is not to be replayed any more. */
  readonly forget: (recording: Recording) => void;
  readonly settle: StepRunner<never>['settle'];
  readonly locate: StepRunner<never>['locate'];
  readonly dispose: () => void;
}
