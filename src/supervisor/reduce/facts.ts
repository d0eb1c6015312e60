import type { Heartbeat } from '../../protocol/index.js';
import type { Effect } from '../effect.js';
import type { EventOf } from '../event.js';
import { currentPhase, hangThresholdMs, looksPerThreshold, noteSilence } from '../hang-policy.js';
import { isAhead, isSameProgress, type Progress } from '../progress.js';
import type { RunFacts, State } from '../state.js';
import { journal, publish, type Step, withRun } from './step.js';

const keptDurations = 20;

/**
 * Takes over what `epoch_info.json` says, with a record for every epoch, also for those that went by between two looks.
 */
export function noteProgress(state: State, progress: Progress, at: number): Step {
  const { run } = state;
  if (isSameProgress(progress, run.progress)) return { state, effects: [] };
  if (progress.epochs <= run.progress.epochs) return noteStep(state, progress, at);
  const epochMs = epochDuration(run, progress, at);
  const next = withRun(state, {
    progress,
    progressAt: at,
    epochAt: at,
    firstEpochsMs: run.firstEpochsMs ?? timeOfFirstEpochs(state, at),
    signAt: at,
    rollbacks: progress.epochs > run.mostEpochs ? 0 : run.rollbacks,
    halvings: progress.epochs > run.mostEpochs ? 0 : run.halvings,
    hasWorked: true,
    ...farthest(run, progress),
    spent: refunded(run, progress),
    epochDurationsMs: [...run.epochDurationsMs, ...(epochMs === undefined ? [] : [epochMs])].slice(-keptDurations),
  });
  const records = epochRecords(state, run.progress.epochs, progress, epochMs);
  return { state: next, effects: [...records, publish, ...watchForHang(next, at)] };
}

/** A checkpoint inside an epoch, or news that are none. */
function noteStep(state: State, progress: Progress, at: number): Step {
  const { run } = state;
  const advanced = isAhead(progress, run.progress) ? { progressAt: at, signAt: at } : {};
  const next = withRun(state, { progress, ...farthest(run, progress), spent: refunded(run, progress), ...advanced });
  const watch = advanced.signAt === undefined ? [] : watchForHang(next, at);
  return { state: next, effects: [...notResumed(run, progress), publish, ...watch] };
}

/** Once for each attempt: a trainer that does not continue where it could trains the same epochs again, crash after crash. */
export function notResumed({ attempt, progress: before, launchedFrom }: RunFacts, { epochs }: Progress): Effect[] {
  const isFirst = epochs < launchedFrom.epochs && before.epochs >= launchedFrom.epochs;
  return isFirst ? [journal({ event: 'not_resumed', attempt, launched_from: launchedFrom.epochs, epoch: epochs })] : [];
}

/** The farthest that this run ever came, to the step. */
export function farthest(run: RunFacts, progress: Progress): Pick<RunFacts, 'mostEpochs' | 'mostSteps'> {
  return isFarther(run, progress)
    ? { mostEpochs: progress.epochs, mostSteps: progress.partialStep }
    : { mostEpochs: run.mostEpochs, mostSteps: run.mostSteps };
}

/** Only work that was never saved before refunds the budget of restarts. */
function refunded(run: RunFacts, progress: Progress): RunFacts['spent'] {
  return isFarther(run, progress) ? { ...run.spent, withoutProgress: 0 } : run.spent;
}

function isFarther({ mostEpochs, mostSteps }: RunFacts, progress: Progress): boolean {
  return isAhead(progress, { epochs: mostEpochs, partialStep: mostSteps });
}

/** The records of the epochs after `known`; what `epoch_info.json` says belongs to the last of them. */
export function epochRecords({ run, rules }: State, known: number, progress: Progress, epochMs?: number): Effect[] {
  const within = Math.min(progress.epochs, rules.epochsTotal);
  const epochs = Array.from({ length: Math.max(0, within - known) }, (_, index) => known + index + 1);
  // Past the configured count there may be any number of them: only the last is recorded.
  if (progress.epochs > Math.max(known, within)) epochs.push(progress.epochs);
  return epochs.map((epoch) => {
    const record = {
      event: 'epoch_completed',
      attempt: run.attempt,
      epoch,
      epochs_total: rules.epochsTotal,
      epoch_ms: epochMs,
    } as const;
    if (epoch < progress.epochs) return journal(record);
    const { status, checkpoint, bestEpoch: best_epoch, bestScore: best_score, raw: epoch_info } = progress;
    return journal({ ...record, status, checkpoint, best_epoch, best_score, epoch_info });
  });
}

/** The records of epochs that were completed while no supervisor was looking; none for what a new run finds. */
export function unseenEpochRecords(state: State, progress: Progress): Effect[] {
  return state.run.attempt === 0 ? [] : epochRecords(state, state.run.mostEpochs, progress);
}

/** Takes over a heartbeat. Only one that tells other work than the last is a sign of work. */
export function noteHeartbeat(state: State, { heartbeat, at }: Pick<EventOf<'heartbeat'>, 'heartbeat' | 'at'>): State {
  const { run } = state;
  const hasStepped = heartbeat.step > 0 || heartbeat.phase === 'validate' || heartbeat.phase === 'checkpoint';
  const isSign = !tellsTheSame(run.heartbeat, heartbeat);
  return withRun(state, {
    heartbeat,
    hasHeartbeats: true,
    hasWorked: run.hasWorked || hasStepped,
    ...(isSign && { heartbeatAt: at, signAt: at, silencesMs: learnSilence(state, heartbeat, at) }),
  });
}

/** Whether two heartbeats tell the same work. Written again and again, say by a side thread, it is no sign of work. */
function tellsTheSame(left: Heartbeat | undefined, right: Heartbeat): boolean {
  return left?.phase === right.phase && left.epoch === right.epoch && left.step === right.step;
}

/** The first steps of an attempt compile and fill caches: they would teach nothing about the steps after them. */
function learnSilence(state: State, next: Heartbeat, at: number): RunFacts['silencesMs'] {
  const { run } = state;
  const phase = currentPhase(run);
  const isWarmUp = phase === 'train' && next.phase === 'train' && run.heartbeat?.step === 0;
  // Nobody saw how an adopted trainer started.
  const isUnseen = run.heartbeat === undefined && isAdopted(state);
  const since = run.heartbeatAt ?? run.launchedAt;
  return isWarmUp || isUnseen || since === undefined ? run.silencesMs : noteSilence(run, phase, at - since);
}

/**
 * Arms the timer that looks whether the trainer is silent for too long; none when nothing can tell. It looks several times
 * within the threshold, because a timer tells a standstill of the supervisor only from the moment on when it was due.
 */
export function watchForHang({ run, rules }: State, at: number): Effect[] {
  const threshold = hangThresholdMs(rules, run);
  if (threshold === undefined || run.signAt === undefined) return [];
  // Never none: what rounding leaves of a threshold would be waited for without end.
  const delayMs = Math.max(1, Math.min(run.signAt + threshold - at, threshold / looksPerThreshold));
  return [{ type: 'armTimer', timer: 'hang', attempt: run.attempt, delayMs }];
}

/** What has to be journaled as `ready`. */
export function readyRecord({ run }: State, at: number): Effect {
  return journal({ event: 'ready', attempt: run.attempt, after_ms: at - (run.launchedAt ?? at) });
}

/** Unknown of an adopted trainer: nobody saw when its epoch began. */
function timeOfFirstEpochs(state: State, at: number): number | undefined {
  const { launchedAt, epochAt } = state.run;
  const isFirst = launchedAt !== undefined && epochAt === launchedAt;
  return isFirst && !isAdopted(state) ? at - launchedAt : undefined;
}

function isAdopted(state: State): boolean {
  return 'trainer' in state && state.trainer?.isAdopted === true;
}

/** Time per epoch since the last one; unknown for the first of an attempt, which includes the start-up. */
function epochDuration(run: RunFacts, progress: Progress, at: number): number | undefined {
  if (run.epochAt === undefined || run.epochAt === run.launchedAt) return undefined;
  return (at - run.epochAt) / (progress.epochs - run.progress.epochs);
}
