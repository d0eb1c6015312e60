import type { Rules } from '../supervisor/rules.js';
import type { Fault, Machines } from './failure-trace.js';

/** What there is to train: on machines that never fail it takes `epochs · epochSecs`. */
export interface Workload {
  readonly epochs: number;
  readonly epochSecs: number;
  /** Whether the trainer tells its steps too, or its epochs only. */
  readonly hasHeartbeats?: boolean;
}

/** What things cost the run, in seconds. */
export interface Costs {
  /** A save keeps the training waiting for this long … */
  readonly saveStallSecs: number;
  /** … and is on disk, and counts, after this long. */
  readonly saveSecs: number;
  /** From the end of the trainer to its relaunch, without backoff: leftovers cleared away, the checkpoint verified. */
  readonly prepareSecs: number;
  /** From the relaunch to the first new step: load, restore, warm up. */
  readonly startSecs: number;
  /** The same when a warm spare was waiting, and how long one needs until it waits. */
  readonly spareStartSecs: number;
  readonly spareLoadSecs: number;
  /** Until a lost machine is replaced. */
  readonly replaceSecs: number;
  /** Time between two signs of work. */
  readonly heartbeatSecs: number;
  /** Until a person notices a hang that nobody watches for. */
  readonly unnoticedSecs: number;
}

/** When checkpoints are written: after each epoch only, by the trainer's own policy, or every so many seconds. */
export type Saving = 'epoch' | 'auto' | { readonly everySecs: number };

/** How the run is looked after. */
export interface Policy {
  readonly saving: Saving;
  readonly warmSpare: boolean;
  readonly rules: Rules;
}

/** Everything that a simulated run depends on. */
export interface Scenario {
  readonly workload: Workload;
  readonly costs: Costs;
  readonly machines: Machines;
  /** Failures that are given, in the order of time, instead of drawn. */
  readonly failures?: readonly Fault[];
  readonly policy: Policy;
  readonly seed: number;
  /** The run is broken off after this time (seconds), complete or not. */
  readonly mostSecs: number;
}
