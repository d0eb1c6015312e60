import { randomBytes } from 'node:crypto';
import { RemoteError } from './remote-error.js';
import { type RemoteStore, sourceOf } from './remote-store.js';

/** Puts a small object, lists it, reads it back and removes it. Returns the time in milliseconds. @throws RemoteError */
export async function tryStore(store: RemoteStore, run: string): Promise<number> {
  const key = `${run}/preflight/${randomBytes(8).toString('hex')}`;
  const bytes = randomBytes(1024);
  const begin = performance.now();
  await store.put(key, sourceOf(bytes));
  try {
    const listed = (await store.list(`${run}/preflight/`)).find((object) => object.key === key);
    if (listed?.size !== bytes.length) throw new RemoteError('what was put is not listed', { isPassing: true });
    if (!bytes.equals(await store.read(key, 0, bytes.length)))
      throw new RemoteError('what was put is read back otherwise', { isPassing: false });
  } finally {
    await store.remove(key);
  }
  return performance.now() - begin;
}
