import type { EventOf } from '../event.js';
import { currentPhase, hangThresholdMs, isTooLate } from '../hang-policy.js';
import type { State, StateOf } from '../state.js';
import { noteHeartbeat, noteProgress, watchForHang } from './facts.js';
import { journal, type Step, withRun } from './step.js';
import { beginStop } from './stopping.js';

/** The trainer has been silent for long: it is looked at once more before anything is done. */
export function hangTimerFired(state: State, { at, lateMs = 0 }: EventOf<'timerFired'>): Step {
  if (isTooLate(state, lateMs)) return waitAnew(withRun(state, { signAt: at }), at);
  if (!isSilent(state, at)) return waitAnew(state, at);
  return { state, effects: [{ type: 'inspect', attempt: state.run.attempt }] };
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
