import type { EventOf } from '../event.js';
import type { State } from '../state.js';
import { journal } from './step.js';

/** What is known once a launch has become a process. */
export function noteSpawned<Kind extends State>(state: Kind, { at }: EventOf<'spawned'>): Kind {
  return { ...state, run: { ...state.run, launchedAt: at, progressAt: at, epochAt: at, signAt: at } };
}

/** The journal entry of a launch. */
export function spawnedRecord({ attempt, trainer, bootId, output }: EventOf<'spawned'>) {
  const { pid, startTime } = trainer;
  return journal({ event: 'launched', attempt, pid, start_time: startTime, boot_id: bootId, output });
}
