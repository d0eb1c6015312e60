import type { FailureRule } from './failure-rules.js';

/** What the configuration decides for the supervisor. */
export interface Rules {
  readonly epochsTotal: number;
  /** Upper bound of the first backoff delay; it doubles with each restart without progress. */
  readonly initialDelayMs: number;
  readonly maxDelayMs: number;
  /** Counted restarts allowed over the whole run, and in a row without a newly completed epoch. */
  readonly maxRestarts: number;
  readonly maxRestartsWithoutProgress: number;
  /** Counted restarts allowed within any stretch of time of this length; without it there is no such budget. */
  readonly window: { readonly maxRestarts: number; readonly lengthMs: number } | undefined;
  /** How often an out-of-memory failure may halve the micro-batch; 0 when the trainer has no way to do it. */
  readonly maxHalvings: number;
  /** Divergences in a row, without a newly completed epoch, that are rolled back. */
  readonly maxRollbacks: number;
  /** Mean time between failures until the run has shown its own. */
  readonly expectedMtbfMs: number;
  /** Undefined: hangs are not looked for. */
  readonly hang: HangRules | undefined;
  /** Time between SIGTERM and SIGKILL. */
  readonly stopGraceMs: number;
  /** How long a process may outlive SIGKILL before it counts as unkillable. */
  readonly killWaitMs: number;
  /** After this time without a heartbeat a launched trainer is called running anyway. */
  readonly settleMs: number;
  /** How long a trainer may live on, without a heartbeat, after the last epoch. */
  readonly lingerMs: number;
  /** Pause between two looks at what a waiting run waits for, and the longest wait. */
  readonly recheckMs: number;
  readonly maxWaitMs: number;
  /** How long the end of a run waits for its last upload; undefined without a remote store. */
  readonly upload: { readonly completedMs: number; readonly stoppedMs: number } | undefined;
  /** Rules of the user's own; they come before the built-in ones. */
  readonly failureRules: readonly FailureRule[];
}

/** When silence counts as a hang. */
export interface HangRules {
  /** Silence shorter than this is never a hang. */
  readonly floorMs: number;
  /** Threshold of a phase of which nothing is known yet; what is learned goes beyond it only for what was really seen. */
  readonly capMs: number;
  /** The same for the time from the launch to the first step. */
  readonly startupCapMs: number;
  /** A hang is this many times the longest silence seen. */
  readonly factor: number;
}
