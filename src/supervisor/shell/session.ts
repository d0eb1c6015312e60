import { setImmediate } from 'node:timers';
import type { Effect } from '../effect.js';
import type { SupervisorEvent } from '../event.js';
import type { Step } from '../reduce/step.js';
import { reduce } from '../reduce.js';
import type { State } from '../state.js';

/** An event before it is stamped with the time. */
export type UnstampedEvent = SupervisorEvent extends infer Event
  ? Event extends SupervisorEvent
    ? Omit<Event, 'at'>
    : never
  : never;

/** Performs one effect for the state that wanted it. It may dispatch events, now or later. */
export type PerformEffect = (effect: Effect, state: State) => void;

export interface Session {
  readonly dispatch: (event: UnstampedEvent) => void;
  readonly state: () => State;
}

/** Monotonic milliseconds. */
export type Clock = () => number;

/**
 * Runs the pure core: events are reduced one after the other in the order in which they came, and the effects of each are
 * performed before the next one is looked at.
 */
export function createSession(first: Step, perform: PerformEffect, clock: Clock): Session {
  let state = first.state;
  const queue: SupervisorEvent[] = [];
  let isScheduled = false;
  const apply = (step: Step) => {
    state = step.state;
    for (const effect of step.effects) perform(effect, state);
  };
  const drain = () => {
    isScheduled = false;
    for (let event = queue.shift(); event !== undefined; event = queue.shift()) apply(reduce(state, event));
  };
  const session: Session = {
    dispatch: (event) => {
      queue.push({ ...event, at: clock() } as SupervisorEvent);
      if (isScheduled) return;
      isScheduled = true;
      queueMicrotask(drain);
    },
    state: () => state,
  };
  setImmediate(() => {
    for (const effect of first.effects) perform(effect, state);
  });
  return session;
}
