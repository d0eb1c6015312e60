import type { EventOf } from '../event.js';
import type { StateOf } from '../state.js';
import { prepare } from './preparing.js';
import type { Step } from './step.js';

export function backingOff_timerFired(state: StateOf<'backingOff'>, { timer }: EventOf<'timerFired'>): Step {
  return timer === 'backoff' ? prepare(state) : { state, effects: [] };
}

/** Looks again; the wait goes on, and its end stays where it is, when nothing has changed. */
export function waiting_timerFired(state: StateOf<'waiting'>, { timer }: EventOf<'timerFired'>): Step {
  return timer === 'recheck' ? prepare(state, state.since) : { state, effects: [] };
}

export function waiting_resourceChanged(state: StateOf<'waiting'>, event: EventOf<'resourceChanged'>): Step {
  if (event.resource !== state.resource) return { state, effects: [] };
  return event.isAvailable ? prepare(state, state.since) : { state: { ...state, detail: event.detail }, effects: [] };
}
