import type { State } from '../supervisor/state.js';
import type { TimePart } from './account.js';
import type { SimulatedTrainer } from './simulated-trainer.js';

/** What the time goes to while the supervisor is in this state and the trainer is at this. */
export function partOf(state: State, trainer: SimulatedTrainer | undefined): TimePart {
  switch (trainer?.activity()) {
    case 'training':
      return 'training';
    case 'saving':
      return 'saving';
    case 'hung':
      return 'hanging';
    case 'starting':
      return 'starting';
    default:
      if (state.name === 'waiting' || (state.name === 'preparing' && state.waitingSince !== undefined))
        return 'waiting';
      return state.name === 'backingOff' ? 'backingOff' : 'relaunching';
  }
}
