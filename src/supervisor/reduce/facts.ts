import type { RecordOf } from '../../protocol/index.js';
import type { Effect } from '../effect.js';
import type { EventOf } from '../event.js';
import { isSameProgress, type Progress } from '../progress.js';
import type { RunFacts, State } from '../state.js';
import { journal, publish, type Step, withRun } from './step.js';

const keptDurations = 20;

/** Takes over what `epoch_info.json` says, with a record for every epoch, also for those that went by between two looks. Only epochs never completed before refund the budget of restarts. */
export function noteProgress(state: State, progress: Progress, at: number): Step {
  const { run, rules } = state;
  if (isSameProgress(progress, run.progress)) return { state, effects: [] };
  if (progress.epochs <= run.progress.epochs) return { state: withRun(state, { progress }), effects: [publish] };
  const epochMs = epochDuration(run, progress, at);
  const completed = (fields: Omit<RecordOf<'epoch_completed'>, 'event' | 'epochs_total'>) =>
    journal({ event: 'epoch_completed', epochs_total: rules.epochsTotal, ...fields });
  const next = withRun(state, {
    progress,
    progressAt: at,
    hasWorked: true,
    mostEpochs: Math.max(run.mostEpochs, progress.epochs),
    spent: progress.epochs > run.mostEpochs ? { ...run.spent, withoutProgress: 0 } : run.spent,
    epochDurationsMs: [...run.epochDurationsMs, ...(epochMs === undefined ? [] : [epochMs])].slice(-keptDurations),
  });
  const skipped = Array.from({ length: progress.epochs - run.progress.epochs - 1 }, (_, index) =>
    completed({ attempt: run.attempt, epoch: run.progress.epochs + index + 1, epoch_ms: epochMs }),
  );
  const record = completed({
    attempt: run.attempt,
    epoch: progress.epochs,
    status: progress.status,
    checkpoint: progress.checkpoint,
    best_epoch: progress.bestEpoch,
    best_score: progress.bestScore,
    epoch_ms: epochMs,
    epoch_info: progress.raw,
  });
  return { state: next, effects: [...skipped, record, publish] };
}

/** Takes over a heartbeat. */
export function noteHeartbeat(state: State, { heartbeat, at }: EventOf<'heartbeat'>): State {
  const hasStepped = heartbeat.step > 0 || heartbeat.phase === 'validate' || heartbeat.phase === 'checkpoint';
  return withRun(state, { heartbeat, heartbeatAt: at, hasWorked: state.run.hasWorked || hasStepped });
}

/** What has to be journaled as `ready`. */
export function readyRecord({ run }: State, at: number): Effect {
  return journal({ event: 'ready', attempt: run.attempt, after_ms: at - (run.launchedAt ?? at) });
}

/** Time per epoch since the last one; unknown for the first of an attempt, which includes the start-up. */
function epochDuration(run: RunFacts, progress: Progress, at: number): number | undefined {
  if (run.progressAt === undefined || run.progressAt === run.launchedAt) return undefined;
  return (at - run.progressAt) / (progress.epochs - run.progress.epochs);
}
