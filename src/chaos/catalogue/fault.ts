import type { FailureClassName } from '../../protocol/index.js';

/** How a fault comes to a trainer. */
export type FaultWay =
  /** From outside, by the kernel and the file system: works with any trainer. */
  | 'outside'
  /** By a module that the campaign preloads: works with trainers in Node and Python. */
  | 'preload'
  /** By what is preloaded into Node only: works with the reference trainer and others in Node. */
  | 'preload-node'
  /** It has to know the trainer's inside: works with the reference trainer. */
  | 'reference';

/** What a fault needs besides a trainer. */
export type FaultNeed = 'root' | 'heartbeat' | 'supervisor';

/** What is to come of it. */
export type FaultOutcome =
  /** The attempt ends, and another one goes on from the last good checkpoint. */
  | 'recovers'
  /** The run waits until the cause is gone, and then goes on. */
  | 'waits'
  /** Nothing ends, and nothing is restarted. */
  | 'tolerated'
  /** The same trainer goes on under the next supervisor. */
  | 'adopted'
  /** The run is given up, with the reason. */
  | 'gives-up';

/** A fault of the catalogue. */
export interface Fault {
  /** What is done, in one sentence. */
  readonly does: string;
  readonly way: FaultWay;
  readonly needs: readonly FaultNeed[];
  readonly outcome: FaultOutcome;
  /** Classes of failure that the supervisor may rightly call it; of one of another cause, none is demanded. */
  readonly seenAs?: readonly FailureClassName[];
  /** What is to be seen, in words. */
  readonly expected: string;
  /** Whether the end is that of an unbroken run; a remedy may change the training. True unless said otherwise. */
  readonly keepsState?: false;
  /** Where it is injected into real processes: files below `test/`. */
  readonly tests: readonly string[];
}
