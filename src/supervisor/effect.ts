import type { JournalRecord } from '../protocol/index.js';
import type { Divergence } from './divergence.js';
import type { TimerName } from './event.js';
import type { Failure } from './state.js';

/** What an attempt's failure cost. */
export interface FailureCost {
  readonly ranMs: number;
  /** Time since completed work last grew: it has to be done again. */
  readonly lostMs: number;
}

/** What the reducer wants done, as data. Effects of one step are performed in order. */
export type Effect =
  /** Clear away the previous generation, verify the checkpoint: answers checkpointVerified, adopted or resourceChanged. */
  | { readonly type: 'prepare'; readonly stepBack: boolean }
  | {
      readonly type: 'spawn';
      readonly attempt: number;
      readonly resume: boolean;
      readonly halvings: number;
      readonly divergences: readonly Divergence[];
      readonly mtbfMs: number;
    }
  /** Look at a silent trainer once more, and collect what shows where it waits: answers inspected. */
  | { readonly type: 'inspect'; readonly attempt: number }
  /** To the trainer's whole process group, in this order. */
  | { readonly type: 'signal'; readonly attempt: number; readonly signals: readonly NodeJS.Signals[] }
  | { readonly type: 'armTimer'; readonly timer: TimerName; readonly attempt: number; readonly delayMs: number }
  | { readonly type: 'cancelTimers' }
  | { readonly type: 'journal'; readonly record: JournalRecord }
  | {
      readonly type: 'recordFailure';
      readonly attempt: number;
      readonly failure: Failure;
      readonly cost: FailureCost;
    }
  /** Upload what the remote store has not got yet: answers uploadSettled. */
  | { readonly type: 'awaitUpload' }
  /** Rewrite status.json. */
  | { readonly type: 'publish' }
  /** Nothing more will happen: clear away what is left and end. */
  | { readonly type: 'finish' };
