import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { epochInfoPath, fsyncDirectory } from '../../protocol/index.js';
import { checkpointStateFile, formatCheckpointState } from '../checkpoint-state.js';
import { checksum } from '../crc.js';
import { realFiles, replaceFile } from '../file-ops.js';
import { verifyForeign } from '../foreign/verify-foreign.js';
import {
  type Manifest,
  parseManifest,
  parseMarkerKeys,
  type RemoteCheckpoint,
  type RemoteFile,
  remoteLayout,
} from './manifest.js';
import { RemoteError } from './remote-error.js';
import { fingerprintFiles, withPushed, writeRemoteRecord } from './remote-record.js';
import { orderForRestore } from './remote-retention-policy.js';
import type { RemoteStore } from './remote-store.js';

/** Folder inside a checkpoint directory where files of a store arrive; what it holds counts for nothing. */
export const restoreFolder = '.restore';

export interface PullOptions {
  readonly store: RemoteStore;
  /** Name of the run at the store. */
  readonly run: string;
  readonly directory: string;
  readonly epochBase: 0 | 1;
  /** Hears when bytes begin to come. */
  readonly onBegin?: (begun: { readonly checkpoint: string; readonly bytes: number }) => void;
  readonly partBytes?: number;
}

export interface PullResult {
  /** What lies in the directory now; undefined when the store has nothing of this run that is good. */
  readonly restored: { readonly checkpoint: string; readonly epoch: number; readonly step: number } | undefined;
  readonly bytes: number;
  /** What was found on the way, one sentence each. */
  readonly notes: readonly string[];
}

const usualPartBytes = 8 * 2 ** 20;
const partsAtOnce = 4;

/**
 * Fetches the newest good checkpoint of a run into its directory: every file is checked by size and CRC32C, and the whole by its
 * own format, before anything of it has its name there; `epoch_info.json` comes last. A torn one is stepped over. The best
 * checkpoint comes along when it is another one.
 * @throws RemoteError when the store does not answer; the system error when the directory cannot be written
 */
export async function pullCheckpoint(options: PullOptions): Promise<PullResult> {
  const { store, run, directory } = options;
  const notes: string[] = [];
  const ordered = orderAll(parseMarkerKeys(await store.list(remoteLayout(run).markers)));
  try {
    for (const candidate of ordered) {
      const fetched = await fetchOne(options, candidate, notes);
      if (fetched === undefined) continue;
      const { manifest, bytes } = fetched;
      const best = await fetchBest(options, candidate, manifest, ordered, notes);
      place(options, best === undefined ? [fetched] : [best, fetched]);
      let record = { url: store.url, generation: candidate.generation, pushed: {} };
      for (const one of best === undefined ? [fetched] : [best, fetched]) {
        const files = one.manifest.files.map(({ path }) => path);
        record = withPushed(record, fingerprintFiles(directory, files), one.candidate.name);
      }
      writeRemoteRecord(directory, record);
      writeEpochInfo(options, manifest);
      const { epoch, step, checkpoint = 'all files' } = manifest;
      return { restored: { checkpoint, epoch, step }, bytes: bytes + (best?.bytes ?? 0), notes };
    }
    return { restored: undefined, bytes: 0, notes };
  } finally {
    rmSync(join(directory, restoreFolder), { recursive: true, force: true });
  }
}

/** The training that began last comes first; an earlier one only when nothing of it is good. */
function orderAll(all: readonly RemoteCheckpoint[]): RemoteCheckpoint[] {
  const generations = [...new Set(all.map(({ generation }) => generation))].reverse();
  return generations.flatMap((generation) => orderForRestore(all.filter((one) => one.generation === generation)));
}

interface Fetched {
  readonly candidate: RemoteCheckpoint;
  readonly manifest: Manifest;
  readonly folder: string;
  readonly bytes: number;
}

/** Undefined, with a note, when it is torn. */
async function fetchOne(
  options: PullOptions,
  candidate: RemoteCheckpoint,
  notes: string[],
): Promise<Fetched | undefined> {
  const { store, directory, onBegin } = options;
  const bad = (why: string) => {
    const place = `${candidate.epoch}${candidate.step === 0 ? '' : ` and ${candidate.step} steps`}`;
    notes.push(`the checkpoint of epoch ${place} at ${store.url} is damaged (${why}); the one before it is tried`);
    return undefined;
  };
  const text = await store.read(candidate.key, 0, candidate.size);
  const manifest = parseManifest(Buffer.from(text).toString('utf8'));
  if (typeof manifest === 'string') return bad(manifest);
  const folder = join(directory, restoreFolder, candidate.name);
  rmSync(folder, { recursive: true, force: true });
  const bytes = manifest.files.reduce((sum, { size }) => sum + size, 0);
  onBegin?.({ checkpoint: manifest.checkpoint ?? `epoch ${manifest.epoch}`, bytes });
  for (const file of manifest.files) {
    const problem = await fetchFile(options, candidate, file, join(folder, file.path));
    if (problem !== undefined) return bad(`${file.path} ${problem}`);
  }
  if (manifest.checkpoint !== undefined) {
    const verdict = verifyForeign(join(folder, manifest.checkpoint));
    if (!verdict.ok) return bad(verdict.reason);
  }
  return { candidate, manifest, folder, bytes };
}

/** What is wrong with it, or undefined. */
async function fetchFile(
  { store, run, partBytes = usualPartBytes }: PullOptions,
  { generation, name }: RemoteCheckpoint,
  { path, size, crc32c }: RemoteFile,
  target: string,
): Promise<string | undefined> {
  const key = remoteLayout(run).file(generation, name, path);
  mkdirSync(dirname(target), { recursive: true });
  const file = await open(target, 'w', 0o644);
  try {
    let sum = 0;
    for (let at = 0; at < size; at += partBytes * partsAtOnce) {
      const starts = Array.from({ length: partsAtOnce }, (_, index) => at + index * partBytes).filter(
        (one) => one < size,
      );
      const parts = await Promise.all(starts.map((from) => store.read(key, from, Math.min(partBytes, size - from))));
      for (const [index, part] of parts.entries()) {
        const from = starts[index] ?? 0;
        if (part.length !== Math.min(partBytes, size - from))
          return `ends after ${from + part.length} bytes, not ${size}`;
        sum = checksum(part, sum);
        await file.write(part, 0, part.length, from);
      }
    }
    if (sum !== crc32c) return 'does not match its checksum';
    await file.sync();
    return undefined;
  } catch (error) {
    if (error instanceof RemoteError && isMissing(error)) return 'is not there';
    throw error;
  } finally {
    await file.close();
  }
}

function isMissing({ status, cause }: RemoteError): boolean {
  // 416: it has fewer bytes than that.
  return status === 404 || status === 416 || (cause as { code?: string } | undefined)?.code === 'ENOENT';
}

async function fetchBest(
  options: PullOptions,
  { generation, name: newest }: RemoteCheckpoint,
  { epoch_info: info, epoch: last }: Manifest,
  ordered: readonly RemoteCheckpoint[],
  notes: string[],
): Promise<Fetched | undefined> {
  const told = info['best_epoch'];
  const best = typeof told === 'number' ? told + (1 - options.epochBase) : undefined;
  if (best === undefined || best > last) return undefined;
  const found = ordered.find(
    (one) => one.generation === generation && one.epoch === best && one.step === 0 && one.name !== newest,
  );
  return found === undefined ? undefined : fetchOne(options, found, notes);
}

/** Gives the files their names: within each checkpoint the last one, of a bundle the index, makes it one. */
function place({ directory }: PullOptions, all: readonly Fetched[]): void {
  for (const { manifest, folder } of all)
    for (const { path } of manifest.files) {
      const target = join(directory, path);
      mkdirSync(dirname(target), { recursive: true });
      renameSync(join(folder, path), target);
      fsyncDirectory(dirname(target));
    }
  const bundles = all.flatMap(({ manifest: { is_bundle, checkpoint } }) =>
    is_bundle && checkpoint ? [checkpoint] : [],
  );
  const latest = bundles.at(-1);
  if (latest !== undefined) {
    const state = formatCheckpointState({ latest, all: [...new Set(bundles)] });
    replaceFile(realFiles, join(directory, checkpointStateFile), [Buffer.from(state)]);
  }
  fsyncDirectory(directory);
}

/** The trainer's own record; a checkpoint that it named by an absolute path is named where it lies now. */
function writeEpochInfo({ directory }: PullOptions, { epoch_info, checkpoint, step }: Manifest): void {
  const relocate = (named: unknown) => {
    if (checkpoint === undefined || typeof named !== 'string' || !isAbsolute(named)) return named;
    return existsSync(named) ? named : resolve(directory, checkpoint);
  };
  const info: Record<string, unknown> = { ...epoch_info };
  if (step === 0) info['checkpoint'] = relocate(info['checkpoint']);
  const { partial } = info;
  if (step > 0 && typeof partial === 'object' && partial !== null)
    info['partial'] = { ...partial, checkpoint: relocate((partial as Record<string, unknown>)['checkpoint']) };
  replaceFile(realFiles, epochInfoPath(directory), [Buffer.from(JSON.stringify(info))]);
  fsyncDirectory(directory);
}
