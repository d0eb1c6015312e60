import type { LoopbackStore } from './store/loopback-store.js';

/** A process that trains. Pid and start time together are one process only. */
export interface Victim {
  readonly pid: number;
  readonly startTime: string;
  /** Number of its launch, from 1, where the supervisor counts them. */
  readonly attempt: number | undefined;
}

/** A run that faults are injected into: one of ours, or of another supervisor. */
export interface ChaosTarget {
  /** A folder for what the faults themselves need: orders to what is preloaded, a fake `nvidia-smi`. */
  readonly folder: string;
  readonly checkpointDir: string;
  /** The trainer that lives now. */
  readonly trainer: () => Victim | undefined;
  /** Where the work stands by the heartbeat of that trainer, for the faults that need one. */
  readonly place?: () => { readonly epoch: number; readonly step: number } | undefined;
  /** Its supervisor, for the faults that need one. */
  readonly supervisor?: SupervisorUnderTest;
  /** The experiment file that the supervisor was started with. */
  readonly experimentPath?: string;
  /** Files of training data that may be moved away. */
  readonly dataFiles?: () => readonly string[];
  /** A remote store of its own, which may be disturbed. */
  readonly remote?: Pick<LoopbackStore, 'setMode' | 'requests' | 'objects'>;
  /** Aborted when the run is over. */
  readonly signal: AbortSignal;
}

/** A supervisor that a fault may end, and that is then started again as an init system would. */
export interface SupervisorUnderTest {
  readonly pid: () => number | undefined;
  readonly kill: () => Promise<void>;
  readonly start: () => Promise<void>;
}

/** A fault that has happened. */
export interface Injected {
  /** What was done, and the proof that it happened: `SIGKILL to 4711; it is gone`. */
  readonly what: string;
  /** Time of day (ms) at which it struck. */
  readonly atMs: number;
  /** The launch that it struck. */
  readonly attempt: number | undefined;
  /** Ends a fault that lasts, after this time at the latest. */
  readonly lift?: { readonly afterMs: number; readonly undo: () => Promise<void> };
  /** What is wrong once the run has recovered, such as a process that is still there. */
  readonly objection?: () => string | undefined;
}

/** Injects one fault, and proves that it happened. @throws NotInjected when it did not */
export type Injector = (target: ChaosTarget, dice: () => number) => Promise<Injected>;

/** Why a fault did not happen. */
export class NotInjected extends Error {
  override readonly name = 'NotInjected';
}
