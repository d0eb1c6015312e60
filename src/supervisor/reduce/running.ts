import type { EventOf } from '../event.js';
import { missedMs } from '../hang-policy.js';
import { isFinished } from '../progress.js';
import type { State, StateOf } from '../state.js';
import { noteHeartbeat, noteProgress, watchForHang } from './facts.js';
import { hangTimerFired } from './hanging.js';
import { publish, type Step } from './step.js';
import { beginStop } from './stopping.js';

/** Once the epochs are done the trainer may still end in its own time; one that trains on past them is stopped. */
export function running_progress(state: StateOf<'running'>, { progress, at }: EventOf<'progress'>): Step {
  const { epochsTotal } = state.rules;
  const noted = noteProgress(state, progress, at);
  if (!isFinished(progress, epochsTotal)) return noted;
  const step = progress.epochs > epochsTotal ? beginStop(noted.state, 'overrun') : linger(noted.state);
  return { state: step.state, effects: [...noted.effects, ...step.effects] };
}

export function running_heartbeat(state: StateOf<'running'>, event: EventOf<'heartbeat'>): Step {
  const noted = noteHeartbeat(state, event);
  return {
    state: noted,
    effects: state.isLingering ? [lingerTimer(state), publish] : [publish, ...watchForHang(noted, event.at)],
  };
}

/** The epochs are done, and the trainer has shown no sign of life since: it hangs on its way out. */
export function running_timerFired(state: StateOf<'running'>, event: EventOf<'timerFired'>): Step {
  const { timer } = event;
  if (timer === 'hang' && !state.isLingering) return hangTimerFired(state, event);
  if (timer !== 'linger' || !state.isLingering) return { state, effects: [] };
  const missed = missedMs(state.rules.lingerMs, event.lateMs ?? 0);
  return missed === undefined ? beginStop(state, 'lingering') : { state, effects: [lingerTimer(state, missed)] };
}

function linger(state: State): Step {
  if (state.name !== 'running' || state.isLingering) return { state, effects: [] };
  return { state: { ...state, isLingering: true }, effects: [lingerTimer(state)] };
}

function lingerTimer({ run, rules }: State, delayMs = rules.lingerMs) {
  return { type: 'armTimer', timer: 'linger', attempt: run.attempt, delayMs } as const;
}
