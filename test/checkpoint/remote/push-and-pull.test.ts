import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { commitCheckpoint, findResumable, type TensorData } from '../../../src/checkpoint/index.js';
import {
  listRemote,
  openRemoteStore,
  type PushOptions,
  pullCheckpoint,
  pushCheckpoints,
  type RemoteStore,
} from '../../../src/checkpoint/remote/index.js';
import { formatManifest, type Manifest, parseManifest } from '../../../src/checkpoint/remote/manifest.js';
import { orderForRestore, planRemoteRetention } from '../../../src/checkpoint/remote/remote-retention-policy.js';
import { setAside } from '../../../src/checkpoint/set-aside.js';
import { makeFolder, writeFiles } from './support.js';

let place: ReturnType<typeof makeFolder>;
let store: RemoteStore;
let directory: string;
let nas: string;
beforeEach(async () => {
  place = makeFolder();
  directory = join(place.folder, 'checkpoints');
  nas = join(place.folder, 'nas');
  writeFiles(place.folder, { 'checkpoints/.keep': '', 'nas/.keep': '' });
  store = await openRemoteStore({ url: `file://${nas}` });
});
afterEach(() => place.remove());

const push = (changes: Partial<PushOptions> = {}) =>
  pushCheckpoints({
    ...{ store, run: 'run', directory, epochBase: 1, what: 'newest', verify: 'full', rules: { maxCheckpoints: 2 } },
    ...changes,
  });
const pull = (changes: { epochBase?: 0 | 1 } = {}) =>
  pullCheckpoint({ store, run: 'run', directory, epochBase: 1, ...changes });
const loseDisk = () => {
  rmSync(directory, { recursive: true });
  writeFiles(directory, { '.lock': 'ours' });
};
const recordOf = () => JSON.parse(readFileSync(join(directory, 'epoch_info.json'), 'utf8'));
const tell = (info: object) => writeFileSync(join(directory, 'epoch_info.json'), JSON.stringify(info));
const epochsThere = async () => (await listRemote(store, 'run')).map(({ epoch }) => epoch);
const filesThere = () =>
  readdirSync(nas, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== '.keep')
    .map((entry) => join(entry.parentPath, entry.name));

function commit(epoch: number, best = epoch, value = epoch): void {
  const tensor: TensorData = { dtype: 'float32', shape: [64], data: new Uint8Array(256).fill(value) };
  const epochInfo = { last_completed_epoch: epoch, checkpoint: `ckpt-${epoch}`, best_epoch: best, best_score: value };
  commitCheckpoint({ directory, name: `ckpt-${epoch}`, tensors: [['w', tensor]], epochInfo, maxCheckpoints: 2 });
}

describe('checkpoints of our format at a store', () => {
  it('come back on an empty disk, with the best one and everything in agreement', async () => {
    commit(1);
    commit(2, 1);
    commit(3, 1);
    expect(await push()).toMatchObject({
      newest: { checkpoint: 'ckpt-3', epoch: 3 },
      best: { checkpoint: 'ckpt-1', epoch: 1 },
    });
    const before = new Map(['ckpt-1', 'ckpt-3'].map((name) => [name, readFileSync(join(directory, `${name}.index`))]));
    loseDisk();
    expect(await pull()).toMatchObject({ restored: { checkpoint: 'ckpt-3', epoch: 3, step: 0 }, notes: [] });
    for (const [name, bytes] of before) expect(readFileSync(join(directory, `${name}.index`)).equals(bytes)).toBe(true);
    expect(findResumable(directory)).toMatchObject({ kind: 'checkpoint', checkpoint: 'ckpt-3', notes: [] });
    expect(readFileSync(join(directory, 'checkpoint'), 'utf8')).toContain('model_checkpoint_path: "ckpt-3"');
    expect(readdirSync(directory)).not.toContain('.restore');
  });

  it('are sent once, and the earlier ones removed only after their successor counts', async () => {
    commit(1);
    await push();
    expect((await push()).newest).toMatchObject({ bytes: 0 });
    commit(2);
    commit(3);
    await push();
    commit(4);
    const done = await push();
    expect(done.removed).toHaveLength(1);
    expect(await epochsThere()).toEqual([3, 4]);
    expect(filesThere()).toHaveLength(2 * 3);
  });

  it('that are torn at the store are stepped over, saying so', async () => {
    commit(1);
    await push();
    commit(2);
    await push();
    const data = filesThere().find((path) => path.includes('ckpt-2.data')) ?? '';
    const bytes = readFileSync(data);
    bytes[100] = (bytes[100] ?? 0) ^ 1;
    writeFileSync(data, bytes);
    loseDisk();
    const { restored, notes } = await pull();
    expect(restored).toMatchObject({ checkpoint: 'ckpt-1', epoch: 1 });
    expect(notes.join()).toMatch(/epoch 2 .* is damaged \(ckpt-2\.data-00000-of-00001 does not match its checksum\)/);
    expect(recordOf()).toMatchObject({ last_completed_epoch: 1, checkpoint: 'ckpt-1' });
  });

  it.each([
    ['a missing file', (path: string) => rmSync(path), 'is not there'],
    ['a short file', (path: string) => writeFileSync(path, 'x'), 'ends after 1 bytes'],
  ])('with %s are none', async (_, harm, why) => {
    commit(1);
    await push();
    harm(filesThere().find((path) => path.includes('ckpt-1.data')) ?? '');
    loseDisk();
    const { restored, notes } = await pull();
    expect(restored).toBeUndefined();
    expect(notes.join()).toContain(why);
    expect(readdirSync(directory)).toEqual(['.lock']);
  });

  it('count only with their marker, and what was broken off is swept by the next push', async () => {
    commit(1);
    await push();
    commit(2);
    const marker = /\/committed\//;
    const broken: RemoteStore = {
      ...store,
      put: async (key, source) => {
        if (marker.test(key)) throw new Error('killed here');
        await store.put(key, source);
      },
    };
    await expect(push({ store: broken })).rejects.toThrow('killed here');
    expect(await epochsThere()).toEqual([1]);
    expect(filesThere().some((path) => path.includes('ckpt-2'))).toBe(true);
    commit(3);
    await push();
    expect(await epochsThere()).toEqual([1, 3]);
    expect(filesThere().some((path) => path.includes('ckpt-2'))).toBe(false);
  });

  it('that are damaged here do not take the place of good ones', async () => {
    commit(1);
    await push();
    commit(2);
    writeFileSync(join(directory, 'ckpt-2.data-00000-of-00001'), Buffer.alloc(4000));
    await expect(push()).rejects.toThrow(/ckpt-2 is damaged/);
    expect(await epochsThere()).toEqual([1]);
  });

  it('of a training before a fresh start stay, and the new ones come first', async () => {
    commit(5);
    await push();
    setAside(directory);
    commit(1);
    await push();
    expect(await epochsThere()).toEqual([5, 1]);
    loseDisk();
    expect((await pull()).restored).toMatchObject({ epoch: 1 });
    // The same training goes on after a restore: retention knows its checkpoints.
    commit(2);
    commit(3);
    await push();
    expect(await epochsThere()).toEqual([5, 1, 3]);
  });

  it('that the training went back to are the ones that come back', async () => {
    for (const epoch of [1, 2, 3]) {
      commit(epoch);
      await push({ rules: { maxCheckpoints: 9 } });
    }
    rmSync(join(directory, 'ckpt-3.index'));
    tell({ last_completed_epoch: 2, checkpoint: 'ckpt-2' });
    await push({ rules: { maxCheckpoints: 9 } });
    loseDisk();
    expect((await pull()).restored).toMatchObject({ epoch: 2 });
  });
});

describe("somebody else's checkpoints at a store", () => {
  it('may be a folder, named by an absolute path, counted from 0', async () => {
    writeFiles(directory, { 'step-1/model.bin': 'weights', 'step-1/rank/0.bin': 'state', 'step-0/model.bin': 'old' });
    tell({ last_completed_epoch: 1, checkpoint: join(directory, 'step-1'), best_epoch: 0, mine: 'kept' });
    expect(await push({ epochBase: 0 })).toMatchObject({ newest: { epoch: 2 }, best: { epoch: 1 } });
    loseDisk();
    expect((await pull({ epochBase: 0 })).restored).toEqual({ checkpoint: 'step-1', epoch: 2, step: 0 });
    expect(readFileSync(join(directory, 'step-1/rank/0.bin'), 'utf8')).toBe('state');
    expect(readFileSync(join(directory, 'step-0/model.bin'), 'utf8')).toBe('old');
    expect(recordOf()).toMatchObject({ last_completed_epoch: 1, checkpoint: join(directory, 'step-1'), mine: 'kept' });
  });

  it('may be within an epoch', async () => {
    writeFiles(directory, { 'a.pt': 'x'.repeat(64), 'b.pt': 'y'.repeat(64) });
    tell({ last_completed_epoch: 1, checkpoint: 'a.pt', partial: { epoch: 2, step: 30, checkpoint: 'b.pt' } });
    expect((await push()).newest).toMatchObject({ checkpoint: 'b.pt', epoch: 1, step: 30 });
    loseDisk();
    expect((await pull()).restored).toEqual({ checkpoint: 'b.pt', epoch: 1, step: 30 });
    expect(recordOf().partial).toEqual({ epoch: 2, step: 30, checkpoint: 'b.pt' });
  });

  it('are all that lies there when the trainer names none', async () => {
    writeFiles(directory, {
      'last.pt': 'z'.repeat(64),
      'vocab/words.txt': 'a b',
      'quarantine/0001/x': '1',
      'half.tmp': '1',
    });
    tell({ last_completed_epoch: 4 });
    expect((await push()).newest).toMatchObject({ checkpoint: 'all files', epoch: 4 });
    loseDisk();
    await pull();
    expect(readdirSync(directory).sort()).toEqual(['.lock', '.remote.json', 'epoch_info.json', 'last.pt', 'vocab']);
  });

  it('outside of the directory are refused, saying what to do', async () => {
    writeFiles(place.folder, { 'elsewhere.pt': 'x' });
    tell({ last_completed_epoch: 1, checkpoint: join(place.folder, 'elsewhere.pt') });
    await expect(push()).rejects.toMatchObject({
      isPassing: false,
      fix: expect.stringContaining('SUPERVISE_CHECKPOINT_DIR'),
    });
  });
});

describe('a marker', () => {
  const manifest: Manifest = {
    ...{ format_version: 1, epoch: 1, step: 0, is_bundle: false, checkpoint: 'a.pt', pushed_at: '', epoch_info: {} },
    files: [{ path: 'a.pt', size: 1, crc32c: 5 }],
  };
  it('is read back, and not with a bit flipped or cut anywhere', () => {
    const bytes = formatManifest(manifest);
    expect(parseManifest(bytes.toString())).toEqual(manifest);
    for (let at = 0; at < bytes.length; at++) {
      expect(typeof parseManifest(bytes.subarray(0, at).toString()), `cut at ${at}`).toBe(
        at === bytes.length - 1 ? 'object' : 'string',
      );
      const flipped = Buffer.from(bytes);
      flipped[at] = (flipped[at] ?? 0) ^ 4;
      if (at < bytes.length - 1)
        expect(typeof parseManifest(flipped.toString('latin1')), `flipped at ${at}`).toBe('string');
    }
  });

  it.each(['../x', '/etc/passwd', 'a//b', 'a/../b', '', 'a\0b', 'a\\..\\b'])('that names %j is refused', (path) => {
    const bad = formatManifest({ ...manifest, files: [{ path, size: 1, crc32c: 5 }] });
    expect(parseManifest(bad.toString())).toMatch(/no place for a checkpoint/);
  });
});

describe('the order and the retention of commits', () => {
  const one = (sequence: number, epoch: number, step = 0) => ({ name: `n${sequence}`, sequence, epoch, step });
  const sequences = (list: readonly { sequence: number }[]) => list.map(({ sequence }) => sequence);
  it('takes the latest commit first, and then goes back from its place', () => {
    expect(sequences(orderForRestore([one(1, 1), one(2, 5), one(3, 2), one(4, 3), one(5, 1, 7)]))).toEqual([5, 1]);
    expect(sequences(orderForRestore([one(2, 1), one(4, 2), one(5, 1), one(6, 3)]))).toEqual([6, 4, 5, 2]);
    expect(orderForRestore([])).toEqual([]);
  });

  it('keeps the latest, the best and what the rules keep', () => {
    const all = [one(2, 1), one(4, 2), one(6, 3), one(8, 4), one(10, 4, 9)];
    expect(sequences(planRemoteRetention(all, { maxCheckpoints: 1, bestEpoch: 2 }))).toEqual([2, 6]);
    expect(sequences(planRemoteRetention([one(2, 3), one(4, 3)], { maxCheckpoints: 5 }))).toEqual([2]);
    expect(planRemoteRetention([], { maxCheckpoints: 1 })).toEqual([]);
  });
});
