import type { Variable } from '@tensorflow/tfjs-core';
import type { StepRunner } from '../capture/index.js';

/** Variables and counters of one training, by checkpoint name without suffix. */
export interface TrainingTensors {
  readonly variables: ReadonlyMap<string, Variable>;
  /** Integer counters such as optimizer iterations. */
  readonly counters: ReadonlyMap<string, { get(): number; set(value: number): void }>;
  /** Numbers that are saved as float32 for others to read, and not restored: the configuration says them. */
  readonly rates?: ReadonlyMap<string, number>;
  /** Brings the variables up to date, where their values live elsewhere during the training. */
  readonly settle?: () => void;
  /** On native TensorFlow: says where the variables' present values are. */
  readonly locate?: StepRunner<never>['locate'];
}
