import { autoIntervalSecs } from '../trainer/loop/save-policy.js';
import type { Costs, Saving, Workload } from './scenario.js';

/** What a trainer does at a moment; `none`: there is no process. */
export type Activity = 'none' | 'starting' | 'training' | 'saving' | 'hung';

/** Work (seconds of training) that a checkpoint holds. */
export interface Saved {
  readonly secs: number;
}

/** A process that trains: work grows with time, except while it starts, saves or hangs. */
export interface SimulatedTrainer {
  readonly activity: () => Activity;
  /** Work done so far in memory. */
  readonly work: (at: number) => number;
  /** When the next thing happens by itself; infinite while it hangs. */
  readonly nextAt: () => number;
  /** Lets it happen. */
  readonly advance: (at: number) => Milestone;
  readonly hang: (at: number) => void;
}

/** What happened: the first step, a save begun or over, a checkpoint that counts from now on. */
export type Milestone =
  | { readonly kind: 'started' | 'saving' | 'resumed' }
  | { readonly kind: 'committed'; readonly saved: Saved };

export interface TrainerOptions {
  readonly workload: Workload;
  readonly costs: Costs;
  readonly saving: Saving;
  /** What the supervisor tells of the time between failures. */
  readonly mtbfSecs: number;
  /** Work that it resumes from, and when it takes its first step. */
  readonly from: number;
  readonly firstStepAt: number;
}

export function createSimulatedTrainer(options: TrainerOptions): SimulatedTrainer {
  const { workload, costs, firstStepAt } = options;
  const total = workload.epochs * workload.epochSecs;
  let activity: Activity = 'starting';
  let work = options.from;
  /** Since when work grows, or when it will again. */
  let since = firstStepAt;
  let saveDueAt = firstStepAt + intervalSecs(options, 0);
  let epochEnd = nextEpochEnd(work, workload);
  let pending: { readonly at: number; readonly secs: number } | undefined;

  const workAt = (at: number) => (activity === 'training' ? work + (at - since) : work);
  // A save waits for the one before it; nothing is saved after the last epoch.
  const saveAt = () => {
    const epochEndAt = work >= total ? Number.POSITIVE_INFINITY : since + (epochEnd - work);
    return Math.max(Math.min(saveDueAt, epochEndAt), pending?.at ?? 0);
  };
  const ownNextAt = () => {
    if (activity === 'training') return work >= total ? Number.POSITIVE_INFINITY : saveAt();
    return since;
  };
  const beginSave = (at: number): Milestone => {
    work = Math.min(workAt(at), total);
    // An interval that ends with an epoch makes one save.
    if (work >= epochEnd - smallSecs) {
      work = epochEnd;
      epochEnd = nextEpochEnd(work, workload);
    }
    activity = 'saving';
    since = at + costs.saveStallSecs;
    saveDueAt = at + intervalSecs(options, at - firstStepAt);
    pending = { at: at + Math.max(costs.saveSecs, costs.saveStallSecs), secs: work };
    return { kind: 'saving' };
  };
  return {
    activity: () => activity,
    work: workAt,
    nextAt: () =>
      activity === 'hung' ? Number.POSITIVE_INFINITY : Math.min(ownNextAt(), pending?.at ?? Number.POSITIVE_INFINITY),
    advance: (at) => {
      if (pending !== undefined && pending.at <= ownNextAt()) {
        const { secs } = pending;
        pending = undefined;
        return { kind: 'committed', saved: { secs } };
      }
      if (activity === 'training') return beginSave(at);
      const kind = activity === 'starting' ? 'started' : 'resumed';
      activity = 'training';
      since = at;
      return { kind };
    },
    hang: (at) => {
      work = workAt(at);
      activity = 'hung';
    },
  };
}

/** Floating point leaves less than this. */
const smallSecs = 1e-6;

/** As createSaveClock of the trainer has it: who has worked for longer than the mean time between failures fails less often. */
function intervalSecs({ saving, costs, mtbfSecs: told }: TrainerOptions, workedSecs: number): number {
  if (saving === 'epoch') return Number.POSITIVE_INFINITY;
  if (saving !== 'auto') return saving.everySecs;
  const mtbfSecs = Math.max(told, workedSecs);
  return autoIntervalSecs({ stallSecs: costs.saveStallSecs, durationSecs: costs.saveSecs, mtbfSecs });
}

function nextEpochEnd(work: number, { epochSecs }: Workload): number {
  return (Math.floor(work / epochSecs + smallSecs) + 1) * epochSecs;
}
