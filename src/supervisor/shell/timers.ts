import type { TimerName } from '../event.js';

/** The timers of the current state. */
export interface Timers {
  /** Arms a timer, in place of an earlier one of the same name. */
  readonly arm: (name: TimerName, attempt: number, delayMs: number) => void;
  readonly cancelAll: () => void;
}

/** The longest delay that Node's timers can express. */
const longestMs = 2 ** 31 - 1;

export function createTimers(onFire: (name: TimerName, attempt: number) => void): Timers {
  const armed = new Map<TimerName, NodeJS.Timeout>();
  return {
    arm: (name, attempt, delayMs) => {
      clearTimeout(armed.get(name));
      const fire = () => {
        armed.delete(name);
        onFire(name, attempt);
      };
      armed.set(name, setTimeout(fire, Math.min(Math.max(0, delayMs), longestMs)));
    },
    cancelAll: () => {
      for (const timer of armed.values()) clearTimeout(timer);
      armed.clear();
    },
  };
}
