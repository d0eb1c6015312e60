import type { SupervisorEvent, TimerName } from '../supervisor/event.js';
import type { Fault } from './failure-trace.js';

/** What is to happen in a simulation. */
export type Item =
  | { readonly kind: 'event'; readonly event: Timeless }
  | { readonly kind: 'timer'; readonly timer: TimerName; readonly attempt: number; readonly id: number }
  | { readonly kind: 'trainer'; readonly attempt: number; readonly at: number }
  | { readonly kind: 'fault'; readonly fault: Fault }
  /** Somebody ends a hang that nobody watches for. */
  | { readonly kind: 'noticed'; readonly attempt: number };

/** An event before it is known when it comes. */
export type Timeless = SupervisorEvent extends infer Event
  ? Event extends SupervisorEvent
    ? Omit<Event, 'at'>
    : never
  : never;
