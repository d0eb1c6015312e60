import type { JournalEntry } from '../protocol/index.js';
import { type Divergence, keptDivergences } from './divergence.js';
import { noProgress } from './progress.js';
import type { RunFacts } from './state.js';

/** Where a supervisor finds the run: never begun, to be continued, or to be begun afresh with what is there set aside. */
export type RunStart = 'new' | 'continued' | 'fresh';

/** A launch whose end nobody has recorded: its trainer may still live. */
export interface OpenLaunch {
  readonly attempt: number;
  readonly pid: number;
  readonly startTime: string;
  readonly bootId: string;
  readonly output: string;
}

/** What the journal tells a new supervisor. */
export interface RunHistory {
  readonly token: string | undefined;
  readonly hasStarted: boolean;
  /** A fresh start was begun, and nothing has been set aside yet. */
  readonly isFreshPending: boolean;
  readonly isCompleted: boolean;
  readonly facts: RunFacts;
  /** The attempt under way: announced, and perhaps known as a process. */
  readonly openAttempt: number | undefined;
  readonly openLaunch: OpenLaunch | undefined;
  /** The newest content of `epoch_info.json`, as the trainer wrote it. */
  readonly lastEpochInfo: Readonly<Record<string, unknown>> | undefined;
  /** The disk that the checkpoint directory was on, by its number. */
  readonly checkpointDevice: string | undefined;
}

/**
 * Rebuilds what is known of a run from its journal. A restart budget goes on only when the last supervisor died: whoever
 * starts a run again after a stop or a surrender has decided anew.
 */
export function readHistory(entries: readonly JournalEntry[]): RunHistory {
  const current = entriesOfRun(entries);
  const latest = current.findLastIndex((entry) => entry.event === 'run_started');
  const wasEnded = current.slice(latest + 1).some(isEnding);
  return {
    token: entries.findLast(isStartWithToken)?.token,
    hasStarted: latest >= 0,
    isFreshPending:
      last(current, 'run_started')?.start === 'fresh' && last(current, 'checkpoint_verified') === undefined,
    isCompleted: current.slice(latest + 1).some(({ event }) => event === 'completed'),
    facts: readFacts(entries, current, wasEnded),
    ...readOpenLaunch(current),
    lastEpochInfo: last(current, 'epoch_completed')?.epoch_info,
    checkpointDevice: last(current, 'checkpoint_verified')?.device,
  };
}

/** The contents of `epoch_info.json` that the journal of a run still has, newest first. */
export function readEpochInfos(entries: readonly JournalEntry[]): Readonly<Record<string, unknown>>[] {
  return entriesOfRun(entries)
    .flatMap((entry) => (entry.event === 'epoch_completed' && entry.epoch_info ? [entry.epoch_info] : []))
    .reverse();
}

function entriesOfRun(entries: readonly JournalEntry[]): readonly JournalEntry[] {
  const begun = entries.findLastIndex((entry) => entry.event === 'run_started' && entry.start !== 'continued');
  return begun < 0 ? entries : entries.slice(begun);
}

/** What goes into the environment of processes, and is looked for there, is a word. */
function isStartWithToken(entry: JournalEntry): entry is Extract<JournalEntry, { event: 'run_started' }> {
  return entry.event === 'run_started' && /^[\w-]{8,}$/.test(entry.token);
}

function isEnding({ event }: JournalEntry): boolean {
  return event === 'completed' || event === 'gave_up' || event === 'stopped';
}

function readFacts(all: readonly JournalEntry[], current: readonly JournalEntry[], wasEnded: boolean): RunFacts {
  const attempts = all.flatMap((entry) => (entry.event === 'launching' ? [entry.attempt] : []));
  const epochs = current.flatMap((entry) => (entry.event === 'epoch_completed' ? [entry] : []));
  const verified = current.flatMap((entry) => (entry.event === 'checkpoint_verified' ? [entry] : []));
  const exits = current.flatMap((entry) => (entry.event === 'exited' ? [entry] : []));
  const failures = exits.filter((entry) => entry.class !== 'finished' && entry.class !== 'stopped');
  const backingOff = current.flatMap((entry) => (entry.event === 'backing_off' ? [entry] : []));
  const rotated = last(current, 'rotated');
  const { restarts = 0, restarts_without_progress: withoutProgress = 0 } = backingOff.at(-1) ?? {};
  const lastExit = exits.at(-1);
  const hasAdvanced = lastExit !== undefined && current.lastIndexOf(lastExit) < lastIndexOf(current, 'epoch_completed');
  return {
    attempt: greatest(attempts),
    restarts,
    spent: wasEnded
      ? { restarts: 0, withoutProgress: 0 }
      : { restarts, withoutProgress: hasAdvanced ? 0 : withoutProgress },
    progress: noProgress,
    launchedFrom: noProgress,
    mostEpochs: greatest([...epochs.map(({ epoch }) => epoch), ...verified.map((entry) => entry.last_completed_epoch)]),
    mostSteps: 0,
    hasWorked: epochs.length > 0 || current.some(({ event }) => event === 'ready'),
    launchedAt: undefined,
    progressAt: undefined,
    heartbeat: undefined,
    heartbeatAt: undefined,
    epochAt: undefined,
    firstEpochsMs: undefined,
    signAt: undefined,
    rollbacks: 0,
    divergences: exits.filter(isDivergence).slice(-keptDivergences).map(divergenceOf),
    failed: {
      ranMs: sum(failures.map(({ ran_ms }) => ran_ms)) + (rotated?.failed_ms ?? 0),
      count: failures.length + (rotated?.failures ?? 0),
    },
    silencesMs: {},
    hasHeartbeats: false,
    halvings: 0,
    stepBack: false,
    restartedAt: [],
    repeated: undefined,
    epochDurationsMs: epochs.flatMap(({ epoch_ms }) => epoch_ms ?? []).slice(-20),
    lastFailure: undefined,
  };
}

function readOpenLaunch(current: readonly JournalEntry[]): Pick<RunHistory, 'openAttempt' | 'openLaunch'> {
  const since = current.slice(Math.max(0, lastIndexOf(current, 'launching')));
  const announced = last(since, 'launching')?.attempt;
  const isOver = since.some(
    (entry) => (entry.event === 'exited' || entry.event === 'launch_failed') && entry.attempt === announced,
  );
  if (announced === undefined || isOver) return { openAttempt: undefined, openLaunch: undefined };
  const launched = since.findLast(
    (entry): entry is Extract<JournalEntry, { event: 'launched' }> =>
      entry.event === 'launched' && entry.attempt === announced,
  );
  if (launched === undefined) return { openAttempt: announced, openLaunch: undefined };
  const { attempt, pid, start_time: startTime, boot_id: bootId, output } = launched;
  return { openAttempt: announced, openLaunch: { attempt, pid, startTime, bootId, output } };
}

type Exit = Extract<JournalEntry, { event: 'exited' }>;

/** Whether an entry is the end of an attempt that diverged. */
export function isDivergence(entry: Exit): boolean {
  return entry.class === 'diverged';
}

function divergenceOf({ diverged_epoch: epoch, diverged_step: step }: Exit): Divergence {
  return { at: epoch === undefined || step === undefined ? undefined : { epoch, step } };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function greatest(numbers: readonly number[]): number {
  return numbers.reduce((most, number) => Math.max(most, number), 0);
}

function lastIndexOf(entries: readonly JournalEntry[], event: JournalEntry['event']): number {
  return entries.findLastIndex((entry) => entry.event === event);
}

function last<Name extends JournalEntry['event']>(
  entries: readonly JournalEntry[],
  event: Name,
): Extract<JournalEntry, { event: Name }> | undefined {
  return entries.findLast((entry): entry is Extract<JournalEntry, { event: Name }> => entry.event === event);
}
