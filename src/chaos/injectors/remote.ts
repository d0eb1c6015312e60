import { setTimeout as sleep } from 'node:timers/promises';
import type { StoreMode } from '../store/loopback-store.js';
import { type ChaosTarget, type Injector, NotInjected } from '../target.js';
import { findTrainer, until } from './await.js';

const lastsMs = 2500;
const catchUpMs = 30_000;

const said: Readonly<Record<Exclude<StoreMode, 'up'>, string>> = {
  down: 'breaks every connection',
  slow: 'answers every request late',
  throttled: 'answers every request with 503 SlowDown',
};

/** Has the remote store misbehave for some seconds; afterwards what was saved meanwhile has to come there. */
export function troubleStore(mode: Exclude<StoreMode, 'up'>): Injector {
  return async (target) => {
    const { remote } = target;
    if (remote === undefined) throw new NotInjected('the run has no remote store that may be disturbed');
    const victim = await findTrainer(target);
    remote.setMode(mode);
    const atMs = Date.now();
    try {
      await until(target, 'a request to the store', () => remote.requests() > 0, catchUpMs);
    } catch (error) {
      remote.setMode('up');
      throw error;
    }
    let hasCaughtUp = false;
    return {
      what: `the remote store ${said[mode]}, ${remote.requests()} so far`,
      atMs,
      attempt: victim.attempt,
      lift: {
        afterMs: lastsMs,
        undo: async () => {
          const before = new Set(commitsOf(remote));
          remote.setMode('up');
          for (const deadline = performance.now() + catchUpMs; !hasCaughtUp && performance.now() < deadline; ) {
            hasCaughtUp = commitsOf(remote).some((key) => !before.has(key));
            await sleep(20);
          }
        },
      },
      objection: () => (hasCaughtUp ? undefined : 'no checkpoint came to the store after it was well again'),
    };
  };
}

function commitsOf(remote: NonNullable<ChaosTarget['remote']>): string[] {
  return remote.objects().filter((key) => key.includes('/committed/'));
}
