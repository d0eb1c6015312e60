import type { ResolvedRemote } from '../../config/index.js';
import { remoteSettings } from '../../config/index.js';
import { type Check, type Finding, failure, ok, warning } from './check.js';

/** The remote store has credentials, answers, and takes, lists, gives back and removes an object. */
export const checkRemote: Check = {
  title: 'remote store',
  look: async ({ loaded, isQuick }) => {
    const remote = remoteSettings(loaded.config);
    if (remote === undefined) return [];
    const { findCredentials, parseRemoteUrl } = await import('../../checkpoint/remote/index.js');
    const address = parseRemoteUrl(remote.store.url);
    try {
      if (address.kind === 's3') findCredentials(remote.store);
      // The network is asked only by those who have the time.
      return isQuick ? [] : await tryRemote(remote);
    } catch (error) {
      return [describe(remote, error)];
    }
  },
};

async function tryRemote(remote: ResolvedRemote): Promise<Finding[]> {
  const { listRemote, openRemoteStore, tryStore } = await import('../../checkpoint/remote/index.js');
  const store = await openRemoteStore(remote.store, { tries: 2, firstMs: 500, mostMs: 2000 });
  const took = await tryStore(store, remote.run);
  const there = await listRemote(store, remote.run);
  const newest = there.at(-1);
  const has = newest === undefined ? 'no checkpoint of this run yet' : `epoch ${newest.epoch} is the newest there`;
  const keys = store.credentials === undefined ? '' : ` with the keys of ${store.credentials}`;
  return [ok(`${store.url}: put, listed, read and removed in ${Math.round(took)} ms${keys}; ${has}`)];
}

/** A store that does not answer ends no run; what its owner has to correct would leave the whole night without copies. */
function describe(remote: ResolvedRemote, error: unknown): Finding {
  const { message, isPassing, fix = 'see docs/remote.md' } = error as Error & { isPassing?: boolean; fix?: string };
  const what = `${remote.store.url}: ${message}`;
  return isPassing === true ? warning(what, `${fix}; until then nothing is uploaded`) : failure('machine', what, fix);
}
