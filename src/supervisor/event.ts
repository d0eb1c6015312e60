import type { ExitStatus, Heartbeat } from '../protocol/index.js';
import type { Progress } from './progress.js';
import type { Resource, Trainer } from './state.js';

export type TimerName = 'settle' | 'backoff' | 'grace' | 'kill' | 'linger' | 'recheck' | 'hang' | 'upload';

/** What is known about the end of an attempt besides its exit status. */
export interface ExitEvidence {
  /** The last lines of the attempt's output. */
  readonly logTail: readonly string[];
  /** Processes of our control group that the kernel killed for memory during the attempt; undefined when unknown. */
  readonly oomKills: number | undefined;
  /** Whether the disk of the checkpoints had next to no room when the attempt ended. */
  readonly isDiskFull?: boolean;
  /** The last heartbeat of the attempt, read after its end. */
  readonly heartbeat?: Heartbeat | undefined;
  /** GPU memory that an earlier attempt still held when this one had been launched. */
  readonly heldMemory?: string | undefined;
  /** Lines of the kernel's log that concern the attempt; none where it may not be read. */
  readonly kernelLines?: readonly string[];
}

/** What a relaunch can continue from. */
export interface Verified {
  /** Whether there is something to resume from. */
  readonly resume: boolean;
  readonly progress: Progress;
  readonly checkpointDir: string;
  /** Folder that keeps what a fresh start found. */
  readonly setAside: string | undefined;
  /** Number of the disk that has the checkpoint directory. */
  readonly device?: string | undefined;
  readonly notes: readonly string[];
}

/** What a second look at a silent trainer shows. */
export interface Inspection {
  readonly heartbeat: Heartbeat | undefined;
  readonly progress: Progress | undefined;
  /** Whether the trainer's files could be read at all: not being able to look is no sign of a hang. */
  readonly isReadable: boolean;
}

interface EventTypes {
  /** What a launch needs is in order: nothing of the previous generation is left, and the checkpoint verified. */
  checkpointVerified: { readonly verified: Verified };
  /** A trainer of an earlier supervisor is still alive and is ours. */
  adopted: {
    readonly attempt: number;
    readonly trainer: Trainer;
    readonly bootId: string;
    readonly progress: Progress;
  };
  spawned: { readonly attempt: number; readonly trainer: Trainer; readonly bootId: string; readonly output: string };
  /** `isPermanent`: the command itself is wrong, so that trying again cannot help. */
  spawnFailed: {
    readonly attempt: number;
    readonly reason: string;
    readonly isPermanent: boolean;
    readonly jitter: number;
  };
  ready: { readonly attempt: number };
  heartbeat: { readonly attempt: number; readonly heartbeat: Heartbeat };
  progress: { readonly attempt: number; readonly progress: Progress };
  /** Both fields of `status` are null when nobody saw how it ended. `jitter` is drawn from [0, 1). */
  exited: {
    readonly attempt: number;
    readonly status: ExitStatus;
    readonly progress: Progress | undefined;
    readonly evidence: ExitEvidence;
    readonly jitter: number;
  };
  /** `lateMs`: how much later than it was armed for, by either clock: the machine slept, or we did not get to run. */
  timerFired: { readonly attempt: number; readonly timer: TimerName; readonly lateMs?: number };
  inspected: { readonly attempt: number; readonly inspection: Inspection };
  stopRequested: { readonly reason: string };
  /** The remote store has everything, or an upload has failed: there is nothing more to be waited for. */
  uploadSettled: Record<never, never>;
  resourceChanged: { readonly resource: Resource; readonly isAvailable: boolean; readonly detail: string };
}

export type EventName = keyof EventTypes;

/** An event with its name and time (`at`, monotonic milliseconds). */
export type EventOf<Name extends EventName> = { readonly type: Name; readonly at: number } & EventTypes[Name];

export type SupervisorEvent = { [Name in EventName]: EventOf<Name> }[EventName];
