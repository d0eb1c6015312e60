import { describeExit } from '../classify.js';
import type { EventOf } from '../event.js';
import { missedMs } from '../hang-policy.js';
import type { Failure, State, StateOf, StopCause, StopIntent } from '../state.js';
import { stopGraceMs } from '../stop-grace.js';
import { giveUp, stop, withIntent } from './ending.js';
import { afterExit, answerFailure, classifyExit, exitRecord } from './exit.js';
import { noteHeartbeat, noteProgress } from './facts.js';
import { noteSpawned, spawnedRecord } from './spawning.js';
import { cancelTimers, enter, ignore, journal, publish, type Step } from './step.js';

/** Asks the trainer to save and end. SIGCONT follows, because a stopped process would never see the SIGTERM. */
export function beginStop(state: State, cause: StopCause): Step {
  const { attempt } = state.run;
  const trainer = state.name === 'running' || state.name === 'starting' ? state.trainer : undefined;
  const next = enter<'stopping'>(state, { name: 'stopping', trainer, cause, isKilled: false });
  const record = journal({ event: 'stopping', attempt, cause, grace_ms: Math.round(stopGraceMs(state, cause)) });
  const ask = trainer === undefined ? [] : askToEnd(next as StateOf<'stopping'>);
  return { state: next, effects: [cancelTimers, record, ...ask, publish] };
}

export function stopRequested_withTrainer(state: State, event: EventOf<'stopRequested'>): Step {
  const step = beginStop(withIntent(state, event), 'requested');
  const request = journal({ event: 'stop_requested', reason: event.reason, forced: false });
  return { state: step.state, effects: [request, ...step.effects] };
}

/** The trainer of an earlier supervisor, in a run that is only to be ended. */
export function stopAdopted(state: StateOf<'running'>, { isForced = false }: StopIntent): Step {
  const asked = beginStop(state, 'requested');
  if (!isForced) return asked;
  const killed = kill(asked.state as StateOf<'stopping'>);
  return { state: killed.state, effects: [...asked.effects, ...killed.effects] };
}

/** One press of Ctrl-C reaches us twice where a wrapper (timeout, make) passes on what its whole group was sent. */
const echoMs = 300;

/** The first request during another stop becomes the intent; one more does not wait any longer. */
export function stopping_stopRequested(state: StateOf<'stopping'>, event: EventOf<'stopRequested'>): Step {
  if (state.intent?.reason === event.reason && event.at - state.intent.at < echoMs) return ignore(state);
  const isForced = state.intent !== undefined;
  const record = journal({ event: 'stop_requested', reason: event.reason, forced: isForced });
  const next = withIntent(state, event) as StateOf<'stopping'>;
  const step = isForced && !state.isKilled && state.trainer !== undefined ? kill(next) : { state: next, effects: [] };
  return { state: step.state, effects: [record, ...step.effects, publish] };
}

/** The launch was under way when the stop was requested. */
export function stopping_spawned(state: StateOf<'stopping'>, event: EventOf<'spawned'>): Step {
  const next = { ...noteSpawned(state, event), trainer: event.trainer };
  return { state: next, effects: [spawnedRecord(event), ...askToEnd(next), publish] };
}

export function stopping_spawnFailed(state: StateOf<'stopping'>, event: EventOf<'spawnFailed'>): Step {
  const record = journal({ event: 'launch_failed', attempt: event.attempt, reason: event.reason });
  const step = stop(state);
  return { state: step.state, effects: [record, ...step.effects] };
}

export function stopping_heartbeat(state: StateOf<'stopping'>, event: EventOf<'heartbeat'>): Step {
  return { state: noteHeartbeat(state, event), effects: [publish] };
}

export function stopping_progress(state: StateOf<'stopping'>, { progress, at }: EventOf<'progress'>): Step {
  return noteProgress(state, progress, at);
}

/** The grace is over, or not even SIGKILL has ended it: an unkillable process is reported, never waited for without end. */
export function stopping_timerFired(state: StateOf<'stopping'>, event: EventOf<'timerFired'>): Step {
  const { timer } = event;
  if (state.trainer === undefined) return { state, effects: [] };
  const again = waitForMissed(state, event);
  if (again !== undefined) return again;
  if (timer === 'grace' && !state.isKilled) return kill(state);
  if (timer !== 'kill' || !state.isKilled) return { state, effects: [] };
  const explanation = `process ${state.trainer.pid} survives SIGKILL (it waits inside the kernel, for a disk or a driver)`;
  return giveUp(state, 'unkillable', explanation);
}

/** What passed while the supervisor stood still was no time for the trainer either. */
function waitForMissed(state: StateOf<'stopping'>, { timer, lateMs = 0 }: EventOf<'timerFired'>): Step | undefined {
  if (timer !== 'grace' && timer !== 'kill') return undefined;
  const waitedMs = timer === 'kill' ? state.rules.killWaitMs : stopGraceMs(state, state.cause);
  const delayMs = missedMs(waitedMs, lateMs);
  if (delayMs === undefined) return undefined;
  return { state, effects: [{ type: 'armTimer', timer, attempt: state.run.attempt, delayMs }] };
}

export function stopping_exited(state: StateOf<'stopping'>, event: EventOf<'exited'>): Step {
  return afterExit(state, event, (unfinished) => {
    if (unfinished.intent !== undefined) return stopAfterExit(unfinished, event);
    return answerFailure(unfinished, event, failureAfterStop(unfinished, event, state.cause));
  });
}

function stopAfterExit(state: State, event: EventOf<'exited'>): Step {
  const verdict = { class: 'stopped', summary: `ended as requested (${describeExit(event.status)})`, evidence: [] };
  const step = stop(state);
  return { state: step.state, effects: [journal(exitRecord(state, event, verdict)), ...step.effects] };
}

function failureAfterStop(state: State, event: EventOf<'exited'>, cause: StopCause): Failure {
  const failure = classifyExit(state, event);
  if (cause !== 'hang') return failure;
  return {
    ...failure,
    class: 'hang',
    summary: `no sign of work; stopped by the supervisor (${describeExit(event.status)})`,
  };
}

function askToEnd(state: StateOf<'stopping'>) {
  const { attempt } = state.run;
  return [
    { type: 'signal', attempt, signals: ['SIGTERM', 'SIGCONT'] },
    { type: 'armTimer', timer: 'grace', attempt, delayMs: stopGraceMs(state, state.cause) },
  ] as const;
}

function kill(state: StateOf<'stopping'>): Step {
  const { attempt } = state.run;
  return {
    state: { ...state, isKilled: true },
    effects: [
      cancelTimers,
      journal({ event: 'killed', attempt, cause: state.cause }),
      { type: 'signal', attempt, signals: ['SIGCONT', 'SIGKILL'] },
      { type: 'armTimer', timer: 'kill', attempt, delayMs: state.rules.killWaitMs },
    ],
  };
}
