import { setTimeout as sleep } from 'node:timers/promises';
import { isRunning } from '../../supervisor/shell/processes.js';
import { type ChaosTarget, type Injector, NotInjected } from '../target.js';
import { awaitEnd, findTrainer, send, until } from './await.js';

type Place = { readonly epoch: number; readonly step: number };

const pollMs = 5;
const beatMs = 30_000;

/** Lets the trainer die whenever it comes to the step at which it is now, in this attempt and in all later ones. */
export const poisonStep: Injector = async (target) => {
  const victim = await findTrainer(target);
  const { place: read } = target;
  if (read === undefined) throw new NotInjected('it is not known at which step the trainer is');
  const place = await until(target, 'a heartbeat that tells the step', read, beatMs);
  const atMs = Date.now();
  send(victim, 'SIGABRT');
  await awaitEnd(target, victim);
  void killWheneverAt(target, place);
  const what = `every attempt dies at epoch ${place.epoch}, step ${place.step}, from ${victim.pid} on`;
  return { what, atMs, attempt: victim.attempt };
};

async function killWheneverAt(target: ChaosTarget, poisoned: Place): Promise<void> {
  while (!target.signal.aborted) {
    await sleep(pollMs);
    const victim = target.trainer();
    const place = target.place?.();
    if (victim === undefined || place === undefined || !isRunning(victim) || !isReached(place, poisoned)) continue;
    try {
      send(victim, 'SIGABRT');
    } catch {
      // It ended by itself.
    }
  }
}

function isReached(place: Place, poisoned: Place): boolean {
  return place.epoch > poisoned.epoch || (place.epoch === poisoned.epoch && place.step >= poisoned.step);
}
