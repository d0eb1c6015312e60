import { setTimeout as sleep } from 'node:timers/promises';
import { type FaultName, type FaultRecord, firstWork, strike } from '../../chaos/index.js';
import type { JournalEntry } from '../../protocol/index.js';
import { readProgress } from '../../supervisor/shell/watch-trainer-files.js';
import type { RunUnderWay } from './chaos-run.js';

/** Where a training stands: epochs that are complete and saved, and the step of the one under way where it is told. */
export interface DrillPlace {
  readonly epochs: number;
  readonly epoch: number | null;
  readonly step: number | null;
}

/** A drill, as far as it came. Times are milliseconds from the fault. */
export interface DrillResult {
  readonly fault: FaultName;
  /** Why the fault never came; null when it did. */
  readonly prevented: string | null;
  readonly place: DrillPlace | null;
  readonly record: FaultRecord | null;
  /** What the relaunch continued from, as the supervisor told it. */
  readonly resumedFrom: string | null;
  /** Until the work was again where it was; null when it did not come to it. */
  readonly caughtUpMs: number | null;
}

const pollMs = 20;

/** Lets a run work until there is something to lose and something to go on from, breaks it, and waits until it is back. */
export async function runDrill(run: RunUnderWay, fault: FaultName, epochBase: 0 | 1): Promise<DrillResult> {
  const { target, interrupted, patienceMs, scratch } = run;
  const nothing = { fault, place: null, record: null, resumedFrom: null, caughtUpMs: null };
  const deadline = performance.now() + patienceMs;
  const isOver = () => target.signal.aborted || interrupted.aborted;
  const isLate = () => performance.now() > deadline;
  const readSaved = () => readProgress(scratch.checkpointDir, epochBase);
  const standing = (): DrillPlace => {
    const place = target.place?.();
    return { epochs: run.epochs(), epoch: place?.epoch ?? null, step: place?.step ?? null };
  };
  await firstWork(run);
  while (!isOver() && !isLate() && !hasSaved(readSaved())) await sleep(pollMs);
  if (!isOver() && !isLate()) await workOn(standing, () => isOver() || isLate());
  if (isOver()) return { ...nothing, prevented: 'the run was over before it could be broken' };
  if (isLate()) return { ...nothing, prevented: `no checkpoint was saved within ${Math.round(patienceMs / 1000)} s` };

  const place = standing();
  const firstEntry = run.journal().length;
  const struckMs = performance.now();
  const record = await strike(run, { atMs: 0, fault, dice: 0.5 });
  if (!record.isInjected) return { ...nothing, place, record, prevented: record.what };
  const backDeadline = performance.now() + patienceMs;
  while (!isOver() && performance.now() < backDeadline && !isThere(standing(), place)) await sleep(pollMs);
  const hasCaughtUp = record.isRecovered && (isThere(standing(), place) || (await isComplete(run)));
  return {
    ...{ fault, prevented: null, place, record },
    resumedFrom: describeResume(run.journal().slice(firstEntry)),
    caughtUpMs: hasCaughtUp ? performance.now() - struckMs : null,
  };
}

function hasSaved(progress: ReturnType<typeof readProgress>): boolean {
  return progress !== undefined && (progress.epochs > 0 || progress.partialStep > 0);
}

/** Something is at risk after a step or two; where no steps are told, after a while. */
async function workOn(standing: () => DrillPlace, isOver: () => boolean): Promise<void> {
  const from = JSON.stringify(standing());
  const untilMs = performance.now() + quietWorkMs;
  const hasSteps = () => standing().step !== null;
  while (!isOver() && (hasSteps() ? JSON.stringify(standing()) === from : performance.now() < untilMs))
    await sleep(pollMs);
}

const quietWorkMs = 500;

function isThere(now: DrillPlace, then: DrillPlace): boolean {
  if (now.epochs > then.epochs) return true;
  if (now.epochs < then.epochs || now.epoch === null || then.epoch === null) return false;
  return now.epoch > then.epoch || (now.epoch === then.epoch && (now.step ?? 0) >= (then.step ?? 0));
}

async function isComplete(run: RunUnderWay): Promise<boolean> {
  return run.target.signal.aborted && (await run.ended) === 0;
}

function describeResume(entries: readonly JournalEntry[]): string | null {
  const verified = entries.find((entry) => entry.event === 'checkpoint_verified');
  if (verified === undefined) return null;
  if (!verified.resume) return 'the beginning';
  return verified.checkpoint ?? `epoch ${verified.last_completed_epoch}`;
}
