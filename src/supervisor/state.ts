import type { Heartbeat, Phase } from '../protocol/index.js';
import type { Divergence } from './divergence.js';
import type { FailureClassName } from './failure-classes.js';
import type { Progress } from './progress.js';
import type { Rules } from './rules.js';

/** A process that trains. It is recognised by pid and start time together. */
export interface Trainer {
  readonly pid: number;
  /** Start time of the process in the kernel's own terms, compared only for equality. */
  readonly startTime: string;
  readonly isAdopted: boolean;
}

/** Why and how an attempt failed. */
export interface Failure {
  readonly class: FailureClassName;
  readonly summary: string;
  /** Lines of the log, or facts, that led to this verdict. */
  readonly evidence: readonly string[];
}

/** One class of failure at one place of the run. */
export interface RepeatedFailure {
  readonly class: FailureClassName;
  readonly epochs: number;
  /** Step of the running epoch, as the last heartbeat told it. */
  readonly step: number;
  readonly count: number;
  /** Whether the run already went back to an earlier checkpoint for it. */
  readonly hasSteppedBack: boolean;
}

/** Restarts that count against the budgets. */
export interface Spent {
  readonly restarts: number;
  /** In a row, since the run last saved work that it had never saved before. */
  readonly withoutProgress: number;
}

/** What is known of the run, in whatever state it is. Times are monotonic milliseconds. */
export interface RunFacts {
  /** Number of the latest launch, from 1; 0 before the first. */
  readonly attempt: number;
  /** Relaunches over the whole run, counted or not. */
  readonly restarts: number;
  readonly spent: Spent;
  readonly progress: Progress;
  /** What the latest attempt was launched from. */
  readonly launchedFrom: Progress;
  /** Most epochs that this run ever had completed. */
  readonly mostEpochs: number;
  /** Most steps of the epoch after those that a checkpoint ever held. */
  readonly mostSteps: number;
  /** Whether any attempt ever completed a step. */
  readonly hasWorked: boolean;
  readonly launchedAt: number | undefined;
  /** When saved work last grew in this attempt, or else when it was launched: what was done since is at risk. */
  readonly progressAt: number | undefined;
  /** When the last epoch of this attempt was completed, or else when it was launched. */
  readonly epochAt: number | undefined;
  readonly heartbeat: Heartbeat | undefined;
  /** When it began to tell what it tells. */
  readonly heartbeatAt: number | undefined;
  /** Durations of the latest epochs that were trained without a break. */
  readonly epochDurationsMs: readonly number[];
  /** Time from the launch of this attempt to the first epochs of it that were seen: none of them took longer. */
  readonly firstEpochsMs: number | undefined;
  /** When the trainer last gave a sign of work: a heartbeat or record that tells more than the one before, or its launch. */
  readonly signAt: number | undefined;
  /** The latest times between two signs of work, by the phase in which they passed. */
  readonly silencesMs: Readonly<Partial<Record<Phase, readonly number[]>>>;
  /** Whether any attempt ever sent a heartbeat. */
  readonly hasHeartbeats: boolean;
  /** How often the micro-batch is halved now, because memory ran out. */
  readonly halvings: number;
  /** Divergences since the run last completed an epoch that it had never completed before. */
  readonly rollbacks: number;
  /** The latest divergences of the whole run, oldest first. */
  readonly divergences: readonly Divergence[];
  /** Time (ms) that failed attempts ran, and how many there were. */
  readonly failed: { readonly ranMs: number; readonly count: number };
  /** When the latest counted restarts were decided. */
  readonly restartedAt: readonly number[];
  /** The next launch goes back to an earlier checkpoint. */
  readonly stepBack: boolean;
  /** The failure that comes again and again at one place. */
  readonly repeated: RepeatedFailure | undefined;
  readonly lastFailure: Failure | undefined;
}

/** The intent to end the run. The first cause wins. */
export interface StopIntent {
  readonly reason: string;
  readonly at: number;
  /** The trainer is not waited for. */
  readonly isForced?: boolean;
}

/** Why a trainer is being stopped. `overrun` and `lingering`: the epochs are complete, but it does not end. */
export type StopCause = 'requested' | 'hang' | 'overrun' | 'lingering';

/** What a run can wait for. */
export type Resource = 'leftovers' | 'checkpoints' | 'processes' | 'disk' | 'gpu' | 'remote';

/** Why a run was given up. */
export type GiveUpReason =
  | 'permanent-failure'
  | 'no-progress'
  | 'too-many-restarts'
  | 'same-failure'
  | 'diverged'
  | 'command'
  | 'unkillable'
  | 'waited-too-long';

type Situation =
  /** The previous generation is cleared away, and the checkpoint verified. */
  | { readonly name: 'preparing'; readonly waitingSince: number | undefined }
  /** Launched (`trainer`) or about to be; no sign of work yet. */
  | { readonly name: 'starting'; readonly trainer: Trainer | undefined; readonly resume: boolean }
  | { readonly name: 'running'; readonly trainer: Trainer; readonly isLingering: boolean }
  | {
      readonly name: 'stopping';
      readonly trainer: Trainer | undefined;
      readonly cause: StopCause;
      readonly isKilled: boolean;
    }
  | { readonly name: 'backingOff'; readonly until: number }
  | { readonly name: 'waiting'; readonly resource: Resource; readonly detail: string; readonly since: number }
  /** Nothing runs any more; the end waits for what is still to be uploaded. */
  | { readonly name: 'uploading'; readonly ending: Ending }
  | Ending;

/** How a run ends. */
export type Ending =
  | { readonly name: 'completed'; readonly isEarly: boolean; readonly hasLaunched: boolean }
  | { readonly name: 'gaveUp'; readonly reason: GiveUpReason; readonly explanation: string }
  | { readonly name: 'stopped' };

/** The whole state of the supervisor: the situation, with what is known and what is wanted. */
export type State = Situation & {
  readonly rules: Rules;
  readonly run: RunFacts;
  readonly intent: StopIntent | undefined;
};

export type StateName = State['name'];

export type StateOf<Name extends StateName> = Extract<State, { readonly name: Name }>;
