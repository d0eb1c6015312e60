import { existsSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { isNoFile, SuperviseError, systemErrorCode } from '../../protocol/index.js';
import { listNames } from '../list-checkpoints.js';
import { type VerifyMode, verifyCheckpoint } from '../verify-checkpoint.js';
import { indexPath } from '../write-bundle.js';
import { isHdf5, verifyHdf5 } from './hdf5.js';
import { isOrbax, verifyOrbax } from './orbax.js';
import { isPickle, verifyPickle } from './pickle.js';
import { openReader, type PositionedReader } from './positioned-reader.js';
import { isSafetensors, verifySafetensors } from './safetensors.js';
import { assertComplete, assertShards } from './sharded.js';
import { isZip, verifyZip } from './zip.js';

/** Whether somebody else's checkpoint can be trusted, as far as its format lets us see. */
export type ForeignVerdict =
  | { readonly ok: true; readonly format: string; readonly checked: string }
  | { readonly ok: false; readonly format: string; readonly reason: string };

/** Endings that promise a format: a file with such a name that does not begin as it should is damaged. */
const promises: readonly (readonly [RegExp, string])[] = [
  [/\.safetensors$/, 'safetensors'],
  [/\.(h5|hdf5)$/, 'hdf5'],
  [/\.(npz|keras)$/, 'zip'],
  [/\.(pt|pth|ckpt|pkl|pickle)$/, 'opaque'],
];
const weights = /\.(pt|pth|ckpt|bin|safetensors|h5|hdf5|keras|npz|npy|pkl|pickle|msgpack|distcp|gguf|onnx)$/;
const headBytes = 16;
const deepestFolder = 8;

/**
 * Verifies a checkpoint of somebody else's: a file, a folder, or the prefix of a TensorFlow checkpoint. Files are read by
 * position in pieces of 1 MiB; `quick` leaves out the checksums. Never throws for a damaged one.
 * @throws the system error when something cannot be read (EIO, EACCES): not being able to read is not damage
 */
export function verifyForeign(path: string, mode: VerifyMode = 'full'): ForeignVerdict {
  let format = 'unknown';
  try {
    if (existsSync(indexPath(path))) return verifyTensorFlow(path, mode);
    const stats = statSync(path);
    format = stats.isDirectory() ? 'folder' : formatOf(path);
    if (format === 'folder' && isOrbax(path, listNames(path))) format = 'orbax';
    const checked =
      format === 'orbax'
        ? verifyOrbax(path)
        : format === 'folder'
          ? verifyFolder(path, mode, 0)
          : verifyFile(path, format, mode);
    return { ok: true, format, checked };
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return { ok: false, format, reason: 'there is no such file' };
    if (isNoFile(error)) return { ok: false, format, reason: (error as Error).message };
    if (error instanceof RangeError || error instanceof SuperviseError)
      return { ok: false, format, reason: error.message };
    throw error;
  }
}

function verifyTensorFlow(prefix: string, mode: VerifyMode): ForeignVerdict {
  const verdict = verifyCheckpoint(prefix, mode);
  return verdict.ok
    ? { ok: true, format: 'tensorflow', checked: `${verdict.tensors} tensors` }
    : { ok: false, format: 'tensorflow', reason: verdict.reason };
}

/** The format that a file's first bytes tell, or else the one that its name promises. */
function formatOf(path: string): string {
  return withReader(path, (reader) => formatOfHead(headOf(reader), path));
}

function formatOfHead(head: Uint8Array, path: string): string {
  if (isZip(head)) return 'zip';
  if (isHdf5(head)) return 'hdf5';
  if (isSafetensors(head)) return 'safetensors';
  if (isPickle(head)) return 'pickle';
  return promises.find(([ending]) => ending.test(path))?.[1] ?? 'unknown';
}

function verifyFile(path: string, format: string, mode: VerifyMode): string {
  return withReader(path, (reader) => {
    if (reader.size === 0) throw new RangeError('it is empty');
    const head = headOf(reader);
    if (format === 'zip') return verifyZip(reader, mode);
    if (format === 'hdf5') return verifyHdf5(reader);
    if (format === 'safetensors') return verifySafetensors(reader);
    if (format === 'opaque') {
      // Anything may be saved under these names; zeros are what a crash leaves of a file that was never flushed.
      if (Buffer.from('PK\x03\x04').subarray(0, reader.size).equals(head))
        throw new RangeError(`it has ${reader.size} bytes`);
      if (head.every((byte) => byte === 0)) throw new RangeError('it begins with zeros: it was never flushed');
      return 'that it is not empty';
    }
    if (format === 'pickle') return verifyPickle(reader, head);
    if (path.endsWith('.index.json')) return `${assertShards(path).length} shards are there`;
    return 'that it is not empty';
  });
}

/** Every file of a folder that is a format we know, and what makes it incomplete as a whole. @throws RangeError */
function verifyFolder(folder: string, mode: VerifyMode, depth: number): string {
  const names = listNames(folder);
  if (names.length === 0) throw new RangeError(`${basename(folder)} is empty`);
  assertComplete(folder, names);
  let checked = 0;
  for (const name of names) {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) {
      if (depth < deepestFolder) verifyFolder(path, mode, depth + 1);
    } else if (name.endsWith('.index') && existsSync(`${path.slice(0, -'.index'.length)}.data-00000-of-00001`)) {
      const verdict = verifyCheckpoint(path.slice(0, -'.index'.length), mode);
      if (!verdict.ok) throw new RangeError(verdict.reason);
      checked++;
    } else checked += verifyMember(path, name, mode);
  }
  return `${checked} files`;
}

function verifyMember(path: string, name: string, mode: VerifyMode): number {
  const format = formatOf(path);
  if (format === 'unknown' && !weights.test(name)) return 0;
  try {
    verifyFile(path, format, mode);
    return 1;
  } catch (error) {
    throw error instanceof RangeError ? new RangeError(`${name}: ${error.message}`, { cause: error }) : error;
  }
}

function headOf(reader: PositionedReader): Uint8Array {
  return reader.read(0, Math.min(headBytes, reader.size));
}

function withReader<Value>(path: string, use: (reader: PositionedReader) => Value): Value {
  const reader = openReader(path);
  try {
    return use(reader);
  } finally {
    reader.close();
  }
}
