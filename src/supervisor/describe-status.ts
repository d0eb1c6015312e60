import type { RunStatus } from '../protocol/index.js';
import type { State } from './state.js';

/** What a status tells besides the state. */
export interface StatusContext {
  readonly experimentName: string;
  readonly runDir: string;
  readonly checkpointDir: string;
  readonly output: string | undefined;
  readonly supervisorPid: number;
  readonly startedAt: string;
  /** The time of day and the monotonic time (ms) of the same instant. */
  readonly now: Date;
  readonly at: number;
  readonly remote: RunStatus['remote'];
}

/** The content of `status.json` for a state. Pure. */
export function describeStatus(state: State, context: StatusContext): RunStatus {
  const { run, rules, intent } = state;
  const { heartbeat, progress } = run;
  const trainer = 'trainer' in state ? state.trainer : undefined;
  return {
    experiment_name: context.experimentName,
    state: state.name,
    attempt: run.attempt,
    restarts: run.restarts,
    restarts_without_progress: run.spent.withoutProgress,
    supervisor_pid: context.supervisorPid,
    trainer_pid: trainer?.pid ?? null,
    epochs_completed: progress.epochs,
    epochs_total: rules.epochsTotal,
    checkpoint: progress.checkpoint ?? null,
    best_epoch: progress.bestEpoch ?? null,
    best_score: progress.bestScore ?? null,
    last_failure:
      run.lastFailure === undefined ? null : { class: run.lastFailure.class, summary: run.lastFailure.summary },
    stop_reason: intent?.reason ?? null,
    waiting_for: state.name === 'waiting' ? state.detail : null,
    next_launch_at:
      state.name === 'backingOff' ? new Date(context.now.getTime() + state.until - context.at).toISOString() : null,
    phase: heartbeat?.phase ?? null,
    epoch: heartbeat?.epoch ?? null,
    step: heartbeat?.step ?? null,
    steps_per_epoch: heartbeat?.steps_per_epoch ?? null,
    values: heartbeat?.values ?? null,
    eta_secs: estimateRemainingSecs(state, context.at),
    at_risk_secs:
      trainer === undefined ? null : Math.max(0, Math.round((context.at - (run.progressAt ?? context.at)) / 1000)),
    remote: context.remote,
    run_dir: context.runDir,
    checkpoint_dir: context.checkpointDir,
    output: context.output ?? null,
    started_at: context.startedAt,
    updated_at: context.now.toISOString(),
  };
}

/** Remaining epochs times the median duration of those seen, less what has passed of the current one. */
function estimateRemainingSecs({ run, rules, name }: State, at: number): number | null {
  const sorted = run.epochDurationsMs.toSorted((left, right) => left - right);
  const median = sorted[Math.floor(sorted.length / 2)];
  if (median === undefined || !['starting', 'running'].includes(name)) return null;
  const passed = Math.min(median, at - (run.epochAt ?? at));
  return Math.max(0, Math.round(((rules.epochsTotal - run.progress.epochs) * median - passed) / 1000));
}
