import type { EventOf } from '../event.js';
import { decideRestart } from '../restart-policy.js';
import type { Failure, State, StateOf } from '../state.js';
import { giveUp, stop } from './ending.js';
import { backOff, charged } from './exit.js';
import { noteHeartbeat, notResumed, readyRecord, watchForHang } from './facts.js';
import { hangTimerFired } from './hanging.js';
import { running_progress } from './running.js';
import { noteSpawned, spawnedRecord } from './spawning.js';
import { cancelTimers, enter, journal, publish, type Step, withRun } from './step.js';

export function starting_spawned(state: StateOf<'starting'>, event: EventOf<'spawned'>): Step {
  const next = { ...noteSpawned(state, event), trainer: event.trainer };
  return {
    state: next,
    effects: [
      spawnedRecord(event),
      { type: 'armTimer', timer: 'settle', attempt: event.attempt, delayMs: state.rules.settleMs },
      publish,
      ...watchForHang(next, event.at),
    ],
  };
}

/** Nothing was started. A command that cannot be run is not tried again; a shortage of processes or memory passes. */
export function starting_spawnFailed(state: StateOf<'starting'>, event: EventOf<'spawnFailed'>): Step {
  const failure: Failure = { class: 'command', summary: event.reason, evidence: [event.reason] };
  const record = journal({ event: 'launch_failed', attempt: event.attempt, reason: event.reason });
  const decision = decideRestart(state.rules, { ...state.run, hasWorked: true }, failure, event);
  const next = answerSpawnFailure(withRun(state, { lastFailure: failure }), event, decision);
  return { state: next.state, effects: [cancelTimers, record, ...next.effects] };
}

/** The first sign of work. */
export function starting_ready(state: StateOf<'starting'>, event: EventOf<'ready'>): Step {
  if (state.trainer === undefined) return { state, effects: [] };
  return {
    state: enter<'running'>(state, { name: 'running', trainer: state.trainer, isLingering: false }),
    effects: [cancelTimers, readyRecord(state, event.at), publish, ...watchForHang(state, event.at)],
  };
}

export function starting_heartbeat(state: StateOf<'starting'>, event: EventOf<'heartbeat'>): Step {
  const noted = noteHeartbeat(state, event);
  return { state: noted, effects: [publish, ...watchForHang(noted, event.at)] };
}

/** A completed epoch is a sign of work too, for trainers without heartbeats. */
export function starting_progress(state: StateOf<'starting'>, event: EventOf<'progress'>): Step {
  if (state.trainer === undefined || event.progress.epochs <= state.run.progress.epochs) {
    const effects = state.trainer === undefined ? [] : notResumed(state.run, event.progress);
    return { state: withRun(state, { progress: event.progress }), effects };
  }
  const running = enter<'running'>(state, { name: 'running', trainer: state.trainer, isLingering: false });
  const step = running_progress(running as StateOf<'running'>, event);
  return { state: step.state, effects: [cancelTimers, readyRecord(state, event.at), ...step.effects] };
}

/** A trainer that gives no sign of itself is called running once it has lived for a while. */
export function starting_timerFired(state: StateOf<'starting'>, event: EventOf<'timerFired'>): Step {
  const { timer } = event;
  if (timer === 'hang' && state.trainer !== undefined) return hangTimerFired(state, event);
  if (timer !== 'settle' || state.trainer === undefined) return { state, effects: [] };
  return {
    state: enter<'running'>(state, { name: 'running', trainer: state.trainer, isLingering: false }),
    effects: [publish],
  };
}

function answerSpawnFailure(
  state: State,
  event: EventOf<'spawnFailed'>,
  decision: ReturnType<typeof decideRestart>,
): Step {
  if (state.intent !== undefined) return stop(state);
  if (event.isPermanent) return giveUp(state, 'command', event.reason);
  if (decision.kind === 'giveUp') return giveUp(state, decision.reason, decision.explanation);
  return backOff(withRun(state, charged(state.run, true, event.at)), event.at, decision.delayMs);
}
