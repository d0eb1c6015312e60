import type { EventName, EventOf, SupervisorEvent } from './event.js';
import {
  stopRequested_withoutTrainer,
  uploading_stopRequested,
  uploading_timerFired,
  uploading_uploadSettled,
} from './reduce/ending.js';
import { exited_unasked } from './reduce/exit.js';
import { inspected_withTrainer } from './reduce/hanging.js';
import { backingOff_timerFired, waiting_resourceChanged, waiting_timerFired } from './reduce/pausing.js';
import {
  prepare,
  preparing_adopted,
  preparing_checkpointVerified,
  preparing_resourceChanged,
} from './reduce/preparing.js';
import { running_heartbeat, running_progress, running_timerFired } from './reduce/running.js';
import {
  starting_heartbeat,
  starting_progress,
  starting_ready,
  starting_spawned,
  starting_spawnFailed,
  starting_timerFired,
} from './reduce/starting.js';
import { ignore, journal, type Step } from './reduce/step.js';
import {
  stopping_exited,
  stopping_heartbeat,
  stopping_progress,
  stopping_spawned,
  stopping_spawnFailed,
  stopping_stopRequested,
  stopping_timerFired,
  stopRequested_withTrainer,
} from './reduce/stopping.js';
import type { Rules } from './rules.js';
import type { RunFacts, State, StateName, StateOf, StopIntent } from './state.js';

type Handlers = {
  readonly [Name in StateName]: {
    readonly [Type in EventName]: (state: StateOf<Name>, event: EventOf<Type>) => Step;
  };
};

const ignoreAll = {
  checkpointVerified: ignore,
  adopted: ignore,
  spawned: ignore,
  spawnFailed: ignore,
  ready: ignore,
  heartbeat: ignore,
  progress: ignore,
  exited: ignore,
  timerFired: ignore,
  inspected: ignore,
  stopRequested: ignore,
  uploadSettled: ignore,
  resourceChanged: ignore,
} as const;

/** What every state does with every event; a missing cell does not compile. */
export const handlers: Handlers = {
  preparing: {
    checkpointVerified: preparing_checkpointVerified,
    adopted: preparing_adopted,
    spawned: ignore,
    spawnFailed: ignore,
    ready: ignore,
    heartbeat: ignore,
    progress: ignore,
    exited: ignore,
    timerFired: ignore,
    inspected: ignore,
    stopRequested: stopRequested_withoutTrainer,
    uploadSettled: ignore,
    resourceChanged: preparing_resourceChanged,
  },
  starting: {
    checkpointVerified: ignore,
    adopted: ignore,
    spawned: starting_spawned,
    spawnFailed: starting_spawnFailed,
    ready: starting_ready,
    heartbeat: starting_heartbeat,
    progress: starting_progress,
    exited: exited_unasked,
    timerFired: starting_timerFired,
    inspected: inspected_withTrainer,
    stopRequested: stopRequested_withTrainer,
    uploadSettled: ignore,
    resourceChanged: ignore,
  },
  running: {
    checkpointVerified: ignore,
    adopted: ignore,
    spawned: ignore,
    spawnFailed: ignore,
    ready: ignore,
    heartbeat: running_heartbeat,
    progress: running_progress,
    exited: exited_unasked,
    timerFired: running_timerFired,
    inspected: inspected_withTrainer,
    stopRequested: stopRequested_withTrainer,
    uploadSettled: ignore,
    resourceChanged: ignore,
  },
  stopping: {
    checkpointVerified: ignore,
    adopted: ignore,
    spawned: stopping_spawned,
    spawnFailed: stopping_spawnFailed,
    ready: ignore,
    heartbeat: stopping_heartbeat,
    progress: stopping_progress,
    exited: stopping_exited,
    timerFired: stopping_timerFired,
    inspected: ignore,
    stopRequested: stopping_stopRequested,
    uploadSettled: ignore,
    resourceChanged: ignore,
  },
  backingOff: {
    checkpointVerified: ignore,
    adopted: ignore,
    spawned: ignore,
    spawnFailed: ignore,
    ready: ignore,
    heartbeat: ignore,
    progress: ignore,
    exited: ignore,
    timerFired: backingOff_timerFired,
    inspected: ignore,
    stopRequested: stopRequested_withoutTrainer,
    uploadSettled: ignore,
    resourceChanged: ignore,
  },
  waiting: {
    checkpointVerified: ignore,
    adopted: ignore,
    spawned: ignore,
    spawnFailed: ignore,
    ready: ignore,
    heartbeat: ignore,
    progress: ignore,
    exited: ignore,
    timerFired: waiting_timerFired,
    inspected: ignore,
    stopRequested: stopRequested_withoutTrainer,
    uploadSettled: ignore,
    resourceChanged: waiting_resourceChanged,
  },
  uploading: {
    ...ignoreAll,
    timerFired: uploading_timerFired,
    stopRequested: uploading_stopRequested,
    uploadSettled: uploading_uploadSettled,
  },
  completed: ignoreAll,
  gaveUp: ignoreAll,
  stopped: ignoreAll,
};

/**
 * The whole decision of the supervisor: total, without clock, I/O or randomness. An event that speaks of another attempt than
 * the current one is too late to matter.
 */
export function reduce(state: State, event: SupervisorEvent): Step {
  if (isStale(state, event)) return ignore(state);
  const handle = handlers[state.name][event.type] as (state: State, event: SupervisorEvent) => Step;
  return handle(state, event);
}

/**
 * The first step of a supervisor: what is known of the run, and the preparation of the first launch. With an intent to end the
 * run, what an earlier supervisor left is ended, and nothing is launched.
 */
export function begin(rules: Rules, run: RunFacts, intent?: StopIntent): Step {
  const { state, effects } = prepare({ name: 'preparing', waitingSince: undefined, rules, run, intent });
  if (intent === undefined) return { state, effects };
  const { reason, isForced = false } = intent;
  return { state, effects: [journal({ event: 'stop_requested', reason, forced: isForced }), ...effects] };
}

function isStale({ run }: State, event: SupervisorEvent): boolean {
  return event.type !== 'adopted' && 'attempt' in event && event.attempt !== run.attempt;
}
