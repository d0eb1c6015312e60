import { parseManifest, parseMarkerKeys, remoteLayout } from './manifest.js';
import type { RemoteStore } from './remote-store.js';

/** A checkpoint at a store, as `supervise checkpoint ls --remote` tells it. */
export interface ListedRemote {
  readonly checkpoint: string;
  readonly epoch: number;
  readonly step: number;
  readonly bytes: number;
  readonly pushed_at: string;
  readonly generation: string;
  /** What a restore takes first. */
  readonly is_newest: boolean;
  /** Why it cannot be used, as far as its marker tells. */
  readonly problem?: string;
}

/** Lists what counts at a store, in the order of the commits. @throws RemoteError */
export async function listRemote(store: RemoteStore, run: string): Promise<ListedRemote[]> {
  const all = parseMarkerKeys(await store.list(remoteLayout(run).markers));
  const listed: ListedRemote[] = [];
  for (const one of all) {
    const manifest = parseManifest(Buffer.from(await store.read(one.key, 0, one.size)).toString('utf8'));
    const { epoch, step, generation } = one;
    const told = { epoch, step, generation, is_newest: one === all.at(-1) };
    if (typeof manifest === 'string')
      listed.push({ ...told, checkpoint: '?', bytes: 0, pushed_at: '', problem: manifest });
    else {
      const bytes = manifest.files.reduce((sum, { size }) => sum + size, 0);
      listed.push({ ...told, checkpoint: manifest.checkpoint ?? 'all files', bytes, pushed_at: manifest.pushed_at });
    }
  }
  return listed;
}
