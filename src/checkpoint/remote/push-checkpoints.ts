import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { epochInfoPath, systemErrorCode } from '../../protocol/index.js';
import { verifyForeign } from '../foreign/verify-foreign.js';
import { needsRecords, type RetentionRules } from '../retention-policy.js';
import type { VerifyMode } from '../verify-checkpoint.js';
import {
  formatManifest,
  type Manifest,
  parseManifest,
  parseMarkerKeys,
  type RemoteCheckpoint,
  remoteLayout,
  remoteName,
} from './manifest.js';
import { pinFiles } from './pin-files.js';
import { RemoteError } from './remote-error.js';
import {
  fingerprintFiles,
  type RemoteRecord,
  readRemoteRecord,
  withPushed,
  writeRemoteRecord,
} from './remote-record.js';
import { planRemoteRetention, type RemoteCommitted } from './remote-retention-policy.js';
import { type RemoteStore, sourceOf } from './remote-store.js';
import { bestState, newestState, type SavedState, type SavedStateOptions } from './saved-state.js';
import { type FileSums, sourceOfFile, sumFile } from './sum-file.js';

export interface PushOptions extends SavedStateOptions {
  readonly store: RemoteStore;
  /** Name of the run at the store. */
  readonly run: string;
  /** What is pushed, besides the best: the newest, or nothing. */
  readonly what: 'newest' | 'best';
  readonly verify: VerifyMode;
  readonly rules: Omit<RetentionRules, 'bestEpoch'>;
  readonly partBytes?: number;
}

/** A checkpoint that is committed at the store. */
export interface PushedCheckpoint {
  /** As its trainer names it. */
  readonly checkpoint: string;
  readonly epoch: number;
  readonly step: number;
  /** Bytes that were sent; 0 for what was there. */
  readonly bytes: number;
}

export interface PushResult {
  /** The newest that was asked for; undefined when there is none yet. */
  readonly newest: PushedCheckpoint | undefined;
  readonly best: PushedCheckpoint | undefined;
  /** Names of those that are gone from the store. */
  readonly removed: readonly string[];
}

/**
 * Brings the newest checkpoint of a directory, and the best one, to a store: their files first, then the marker that makes them
 * count, and only then what retention no longer keeps is removed, its marker first. What is there already is not sent again.
 * @throws RemoteError for the store, and for a checkpoint that is damaged or changes meanwhile
 */
export async function pushCheckpoints(options: PushOptions): Promise<PushResult> {
  const { directory, store, run, rules } = options;
  if (!existsSync(epochInfoPath(directory))) return { newest: undefined, best: undefined, removed: [] };
  const record = readRemoteRecord(directory, store.url);
  // Before anything is sent: what a push that is killed has sent is found again.
  writeRemoteRecord(directory, record);
  const layout = remoteLayout(run);
  const pusher: Pusher = {
    ...{ options, record, layout },
    committed: parseMarkerKeys(await store.list(layout.markersOf(record.generation))),
  };
  // The latest commit is what a restore takes: the best goes before the newest, unless they are one.
  const newest = options.what === 'newest' ? await push(pusher, () => newestState(options), 1) : undefined;
  let isNewest = false;
  const readBest = () => {
    const state = bestState(options);
    isNewest = newest?.step === 0 && newest.epoch === state?.epoch;
    return isNewest ? undefined : state;
  };
  const pushed = await push(pusher, readBest, newest === undefined ? 1 : 0);
  const best = isNewest ? newest : pushed;
  const removed = await retain(pusher, { ...rules, ...(best !== undefined && { bestEpoch: best.epoch }) });
  return { newest, best, removed };
}

const tries = 3;

/** What `read` tells of is pinned at once; a trainer may still be faster, and then tells of another one. */
async function push(
  pusher: Pusher,
  read: () => SavedState | undefined,
  rank: 0 | 1,
): Promise<PushedCheckpoint | undefined> {
  for (let left = tries; ; left--) {
    try {
      const state = read();
      return state === undefined ? undefined : await pushState(pusher, state, rank);
    } catch (error) {
      if (systemErrorCode(error) !== 'ENOENT') throw error;
      const what = `a checkpoint was removed before it could be uploaded (${(error as Error).message})`;
      if (left === 1) throw new RemoteError(what, { isPassing: true, cause: error });
    }
  }
}

interface Pusher {
  readonly options: PushOptions;
  readonly layout: ReturnType<typeof remoteLayout>;
  record: RemoteRecord;
  /** In the order of the commits. */
  committed: RemoteCheckpoint[];
}

/** `rank` 1: the latest commit; 0: only before it. */
async function pushState(pusher: Pusher, state: SavedState, rank: 0 | 1): Promise<PushedCheckpoint> {
  const { options } = pusher;
  const { directory } = options;
  const told = { checkpoint: state.checkpoint ?? 'all files', epoch: state.epoch, step: state.step };
  const fingerprint = fingerprintFiles(directory, state.files);
  const known = pusher.record.pushed[fingerprint];
  const there = pusher.committed.findLast(({ name }) => name === known);
  if (there !== undefined && (rank === 0 || there === pusher.committed.at(-1))) return { ...told, bytes: 0 };
  const pinned = pinFiles(directory, state.files);
  try {
    assertGood(pinned.root, state, options.verify);
    const files: SummedFile[] = [];
    for (const path of state.files)
      files.push({ path, ...(await sumFile(join(pinned.root, path), options.partBytes)) });
    const name = remoteName(state, files);
    const bytes = await putFiles(pusher, pinned.root, name, files);
    await assertThere(pusher, name, files);
    await commit(pusher, state, name, files, rank);
    pusher.record = withPushed(pusher.record, fingerprint, name);
    writeRemoteRecord(directory, pusher.record);
    return { ...told, bytes };
  } finally {
    pinned.release();
  }
}

interface SummedFile extends FileSums {
  readonly path: string;
}

/** Sends what is not there yet; returns the bytes. An object is there as a whole, and its folder is named by the content. */
async function putFiles(
  { options: { store }, layout, record: { generation } }: Pusher,
  root: string,
  name: string,
  files: readonly SummedFile[],
): Promise<number> {
  const present = new Map((await store.list(layout.file(generation, name, ''))).map(({ key, size }) => [key, size]));
  let bytes = 0;
  for (const file of files) {
    const key = layout.file(generation, name, file.path);
    if (present.get(key) === file.size) continue;
    await store.put(key, sourceOfFile(join(root, file.path), file));
    bytes += file.size;
  }
  return bytes;
}

/** A damaged checkpoint is not brought to safety: it would take the place of a good one. */
function assertGood(root: string, { checkpoint, files }: SavedState, mode: VerifyMode): void {
  for (const subject of checkpoint === undefined ? files : [checkpoint]) {
    const verdict = verifyForeign(join(root, subject), mode);
    if (!verdict.ok) throw new RemoteError(`${subject} is damaged (${verdict.reason})`, { isPassing: false });
  }
}

async function assertThere(
  { options: { store }, layout, record }: Pusher,
  name: string,
  files: Manifest['files'],
): Promise<void> {
  const sizes = new Map(
    (await store.list(layout.file(record.generation, name, ''))).map(({ key, size }) => [key, size]),
  );
  for (const { path, size } of files) {
    const found = sizes.get(layout.file(record.generation, name, path));
    if (found === size) continue;
    const what = found === undefined ? 'is not there' : `has ${found} bytes`;
    throw new RemoteError(`${path} ${what} after it was put, and should have ${size}`, { isPassing: true });
  }
}

async function commit(
  pusher: Pusher,
  state: SavedState,
  name: string,
  files: Manifest['files'],
  rank: 0 | 1,
): Promise<void> {
  const { options, layout, record } = pusher;
  const manifest: Manifest = {
    format_version: 1,
    ...{ epoch: state.epoch, step: state.step, is_bundle: state.isBundle, checkpoint: state.checkpoint },
    ...{ pushed_at: new Date().toISOString(), epoch_info: state.epochInfo },
    files: files.map(({ path, size, crc32c }) => ({ path, size, crc32c })),
  };
  const last = pusher.committed.reduce((most, { sequence }) => Math.max(most, sequence), 0);
  // Every commit takes two numbers, so that the best of the same push finds the one before it free.
  const sequence = rank === 1 ? last + 2 : Math.max(1, last - 1);
  const key = layout.marker(record.generation, sequence, name);
  const body = formatManifest(manifest);
  await options.store.put(key, sourceOf(body));
  const fresh = parseMarkerKeys([{ key, size: body.length }]);
  pusher.committed = [...pusher.committed, ...fresh].sort((left, right) => left.sequence - right.sequence);
}

/** Removes what no rule keeps, and files that no marker names: of pushes that were broken off. */
async function retain(pusher: Pusher, rules: RetentionRules): Promise<string[]> {
  const { options, layout, record } = pusher;
  const { store } = options;
  const present: RemoteCommitted[] = needsRecords(rules)
    ? await Promise.all(pusher.committed.map((one) => withFacts(store, one)))
    : pusher.committed;
  const doomed = new Set(planRemoteRetention(present, rules).map(({ sequence }) => sequence));
  const removed = pusher.committed.filter(({ sequence }) => doomed.has(sequence));
  for (const { key } of removed) await store.remove(key);
  const kept = new Set(pusher.committed.filter((one) => !removed.includes(one)).map(({ name }) => name));
  const root = layout.filesOf(record.generation);
  for (const { key } of await store.list(root)) {
    const name = key.slice(root.length).split('/')[0] ?? '';
    if (!kept.has(name)) await store.remove(key);
  }
  return removed.filter(({ name }) => !kept.has(name)).map(({ name }) => name);
}

async function withFacts(store: RemoteStore, one: RemoteCheckpoint): Promise<RemoteCommitted> {
  const manifest = parseManifest(Buffer.from(await store.read(one.key, 0, one.size)).toString('utf8'));
  if (typeof manifest === 'string') return one;
  const { metrics, timestamp } = manifest.epoch_info;
  const savedAtMs = Date.parse(typeof timestamp === 'string' ? timestamp : manifest.pushed_at);
  const numbers = Object.entries(typeof metrics === 'object' && metrics !== null ? metrics : {}).filter(
    (pair): pair is [string, number] => typeof pair[1] === 'number',
  );
  return { ...one, metrics: Object.fromEntries(numbers), ...(Number.isFinite(savedAtMs) && { savedAtMs }) };
}
