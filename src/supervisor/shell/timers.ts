import { monotonicMs } from '../../protocol/index.js';
import type { TimerName } from '../event.js';

/** The timers of the current state. */
export interface Timers {
  /** Arms a timer, in place of an earlier one of the same name. */
  readonly arm: (name: TimerName, attempt: number, delayMs: number) => void;
  readonly cancelAll: () => void;
}

/** The longest delay that Node's timers can express. */
const longestMs = 2 ** 31 - 1;

interface Due {
  readonly delayMs: number;
  readonly steadyMs: number;
  readonly wallMs: number;
}

function readClocks(delayMs: number): Due {
  return { delayMs, steadyMs: monotonicMs(), wallMs: Date.now() };
}

/** How late it is, by the clock that says more: one of the two goes on while the machine sleeps. */
function lateness({ delayMs, steadyMs, wallMs }: Due): number {
  return Math.max(0, monotonicMs() - steadyMs - delayMs, Date.now() - wallMs - delayMs);
}

export function createTimers(onFire: (name: TimerName, attempt: number, lateMs: number) => void): Timers {
  const armed = new Map<TimerName, () => void>();
  return {
    arm: (name, attempt, delayMs) => {
      armed.get(name)?.();
      const due = readClocks(Math.min(Math.max(0, delayMs), longestMs));
      const fire = () => {
        armed.delete(name);
        onFire(name, attempt, lateness(due));
      };
      armed.set(name, schedule(fire, due.delayMs));
    },
    cancelAll: () => {
      for (const cancel of armed.values()) cancel();
      armed.clear();
    },
  };
}

/** Returns what cancels it. Node's shortest timeout is a millisecond, and a turn of its loop may take as long; no delay is none. */
function schedule(fire: () => void, delayMs: number): () => void {
  if (delayMs > 0) {
    const timeout = setTimeout(fire, delayMs);
    return () => clearTimeout(timeout);
  }
  let isCancelled = false;
  queueMicrotask(() => {
    if (!isCancelled) fire();
  });
  return () => {
    isCancelled = true;
  };
}
