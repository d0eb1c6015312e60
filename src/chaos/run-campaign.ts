import { setTimeout as sleep } from 'node:timers/promises';
import type { JournalEntry } from '../protocol/index.js';
import { createDice } from './dice.js';
import { type FaultName, type FaultOutcome, faults } from './faults.js';
import { injectors } from './injectors/index.js';
import { type FaultRecord, findFalseKills, type Observation, observe } from './observe.js';
import type { ScheduledFault } from './schedule.js';
import { type ChaosTarget, type Injected, NotInjected } from './target.js';

/** A supervised run that faults are injected into. */
export interface StrikeOptions {
  readonly target: ChaosTarget;
  readonly journal: () => readonly JournalEntry[];
  /** Epochs that epoch_info.json calls complete. */
  readonly epochs: () => number;
  /** Work that a crash would cost now, as the supervisor tells it. */
  readonly atRiskMs: () => number | undefined;
  /** How long a fault may take to be recovered from. */
  readonly patienceMs: number;
  /** Aborted when the run is to be stopped: what was under way then tells nothing. */
  readonly interrupted: AbortSignal;
}

/** The same, under a schedule of faults. */
export interface CampaignOptions extends StrikeOptions {
  readonly schedule: Iterable<ScheduledFault<FaultName>>;
  readonly onFault: (record: FaultRecord) => void;
}

/** What came of all faults of one run. */
export interface CampaignResult {
  readonly records: readonly FaultRecord[];
  /** Ends of attempts that no fault accounts for. */
  readonly falseKills: readonly JournalEntry[];
}

/**
 * Injects faults at their times, counted from the first sign of work, until the run is over. One that is due before the last has been recovered from comes right after
 * it, so that what is seen has one cause.
 */
export async function runCampaign(options: CampaignOptions): Promise<CampaignResult> {
  const { target, schedule, journal, onFault } = options;
  const records: FaultRecord[] = [];
  const struck: { firstEntry: number; lastEntry: number }[] = [];
  await firstWork(options);
  const startMs = performance.now();
  for (const scheduled of schedule) {
    await pause(startMs + scheduled.atMs - performance.now(), AbortSignal.any([target.signal, options.interrupted]));
    if (target.signal.aborted || options.interrupted.aborted) break;
    const firstEntry = journal().length;
    const record = await strike(options, scheduled);
    // What is to be tolerated accounts for no end of a trainer.
    if (record.isInjected && isEnding(scheduled.fault))
      struck.push({ firstEntry, lastEntry: record.isRecovered ? journal().length - 1 : Number.POSITIVE_INFINITY });
    if ((!record.isInjected && target.signal.aborted) || (!record.isRecovered && options.interrupted.aborted)) break;
    records.push(record);
    onFault(record);
  }
  return { records, falseKills: findFalseKills(journal(), struck) };
}

const pollMs = 10;

/** Waits for the first sign of work, or the end of the run. */
export async function firstWork({ target, interrupted, journal }: StrikeOptions): Promise<void> {
  const hasWorked = () => journal().some(({ event }) => event === 'ready' || event === 'epoch_completed');
  while (!hasWorked() && !target.signal.aborted && !interrupted.aborted) await sleep(pollMs);
}

/** Injects one fault, and watches until the run has recovered from it, or patience ends. */
export async function strike(options: StrikeOptions, scheduled: ScheduledFault<FaultName>): Promise<FaultRecord> {
  const { target, journal, atRiskMs } = options;
  const { fault, atMs: plannedMs, dice } = scheduled;
  const seen = journal().length;
  const riskMs = atRiskMs();
  let injected: Injected;
  try {
    injected = await injectors[fault](target, createDice(dice, fault));
  } catch (error) {
    if (!(error instanceof NotInjected || isOfSystem(error))) throw error;
    return { ...nothing, fault, plannedMs, what: error.message, atMs: Date.now() };
  }
  const { what, atMs, lift, objection } = injected;
  const liftAtMs = performance.now() + (lift?.afterMs ?? 0);
  let isLifted = lift === undefined;
  const undo = async () => {
    if (!isLifted) await lift?.undo();
    isLifted = true;
  };
  try {
    const isOver = () => target.signal.aborted || options.interrupted.aborted;
    const hasWorked = watchWork(options);
    const deadline = performance.now() + options.patienceMs;
    let seenNow: Observation = look();
    // A run that ends has said its last word in its journal.
    while (!(isLifted && seenNow.isRecovered) && performance.now() < deadline && !isOver()) {
      await sleep(pollMs);
      if (performance.now() >= liftAtMs) await undo();
      seenNow = look();
    }
    seenNow = look();
    const { recoveredBy: _, ...told } = seenNow;
    const lostMs = told.lostMs ?? (told.isDetected === true && told.seenAs !== 'adopted' ? (riskMs ?? null) : 0);
    return {
      fault,
      plannedMs,
      what,
      isInjected: true,
      atMs,
      ...told,
      lostMs,
      objection: objection?.() ?? unwanted(fault),
    };

    function look(): Observation {
      const entries = journal().slice(seen);
      return observe(fault, {
        entries,
        attempt: injected.attempt,
        atMs,
        workedAtMs: isLifted ? hasWorked() : undefined,
      });
    }
    function unwanted(name: FaultName): string | null {
      if (isEnding(name)) return null;
      const ends = journal()
        .slice(seen)
        .filter((entry) => entry.event === 'exited' && entry.class !== 'finished');
      return ends.length > 0 ? 'the trainer was ended, and should not have been' : null;
    }
  } finally {
    await undo();
  }
}

/** A process or a file was gone sooner than it was looked for: no reason to end a campaign. */
function isOfSystem(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error;
}

function isEnding(fault: FaultName): boolean {
  const { outcome } = faults[fault] as { outcome: FaultOutcome };
  return outcome !== 'tolerated' && outcome !== 'adopted';
}

/** Tells when work was first seen to advance after this call; undefined as long as it has not. */
function watchWork({ target, epochs }: StrikeOptions): () => number | undefined {
  let firstPlace: string | undefined;
  let firstEpochs: number | undefined;
  let workedAtMs: number | undefined;
  return () => {
    // Between two launches there is no place, and that there is none any more is no work.
    const place = target.place?.();
    const now = place === undefined ? undefined : JSON.stringify(place);
    const completed = epochs();
    firstPlace ??= now;
    firstEpochs ??= completed;
    if (now !== firstPlace && now !== undefined) workedAtMs ??= Date.now();
    if (completed > firstEpochs) workedAtMs ??= Date.now();
    return workedAtMs;
  };
}

const nothing = {
  isInjected: false,
  isDetected: null,
  detectMs: null,
  seenAs: null,
  isRecovered: false,
  recoverMs: null,
  lostMs: null,
  objection: null,
} as const;

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  // Aborting it is its end.
  await sleep(Math.max(0, ms), undefined, { signal }).catch(() => undefined);
}
