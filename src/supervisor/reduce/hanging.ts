import type { EventOf } from '../event.js';
import { currentPhase, hangThresholdMs, isTooLate } from '../hang-policy.js';
import type { State, StateOf } from '../state.js';
import { noteHeartbeat, noteProgress, watchForHang } from './facts.js';
import { journal, type Step, withRun } from './step.js';
import { beginStop } from './stopping.js';

/** Looks how long the trainer has been silent; after too long it is looked at once more before anything is done. */
export function hangTimerFired(state: State, { at, lateMs = 0 }: EventOf<'timerFired'>): Step {
  const heard = withoutStandstill(state, at, lateMs);
  if (isTooLate(state, lateMs)) return waitAnew(withRun(heard, { signAt: at }), at);
  if (!isSilent(heard, at)) return waitAnew(heard, at);
  return { state: heard, effects: [{ type: 'inspect', attempt: state.run.attempt }] };
}

/** While the supervisor stood still, its trainer may have stood still with it: that time is no silence, and teaches none. */
function withoutStandstill(state: State, at: number, lateMs: number): State {
  const { signAt, heartbeatAt, epochAt, launchedAt } = state.run;
  const later = (time: number | undefined) => (time === undefined ? undefined : Math.min(at, time + lateMs));
  return withRun(state, {
    signAt: later(signAt),
    heartbeatAt: later(heartbeatAt),
    // The first epoch of an attempt is told by this equality.
    epochAt: epochAt === launchedAt ? epochAt : later(epochAt),
  });
}

/** The second look decides: news end the suspicion, and not being able to look is no hang. */
export function inspected_withTrainer(
  state: StateOf<'starting'> | StateOf<'running'>,
  event: EventOf<'inspected'>,
): Step {
  const { at, inspection } = event;
  if (!inspection.isReadable) return waitAnew(withRun(state, { signAt: at }), at);
  const { heartbeat, progress } = inspection;
  const seen = heartbeat === undefined ? state : noteHeartbeat(state, { heartbeat, at });
  const noted = progress === undefined ? { state: seen, effects: [] } : noteProgress(seen, progress, at);
  const isOver = state.name === 'running' && state.isLingering;
  if (isOver || state.trainer === undefined || !isSilent(noted.state, at)) {
    const next = waitAnew(noted.state, at);
    return { state: next.state, effects: [...noted.effects, ...next.effects] };
  }
  const { run, rules } = noted.state;
  const record = journal({
    event: 'hang_detected',
    attempt: run.attempt,
    phase: currentPhase(run),
    silent_ms: Math.round(at - (run.signAt ?? at)),
    threshold_ms: Math.round(hangThresholdMs(rules, run) ?? 0),
  });
  const step = beginStop(noted.state, 'hang');
  return { state: step.state, effects: [...noted.effects, record, ...step.effects] };
}

function isSilent({ run, rules }: State, at: number): boolean {
  const threshold = hangThresholdMs(rules, run);
  return threshold !== undefined && run.signAt !== undefined && at - run.signAt >= threshold;
}

function waitAnew(state: State, at: number): Step {
  return { state, effects: watchForHang(state, at) };
}
