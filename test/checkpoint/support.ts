import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checksum, maskChecksum } from '../../src/checkpoint/crc.js';
import {
  type CommitOptions,
  commitCheckpoint,
  type FileOps,
  openBundle,
  realFiles,
  type TensorData,
} from '../../src/checkpoint/index.js';
import { pushVarint } from '../../src/checkpoint/protobuf.js';
import { decodeTable, type TableEntry } from '../../src/checkpoint/table.js';
import { epochInfoPath } from '../../src/protocol/index.js';

export function float32(values: readonly number[], shape: readonly number[] = [values.length]): TensorData {
  return { dtype: 'float32', shape, data: new Uint8Array(Float32Array.from(values).buffer) };
}

export function strings(...values: string[]): TensorData {
  return { dtype: 'string', shape: [values.length], data: values.map((value) => Buffer.from(value)) };
}

/** Values of a float32 tensor of a checkpoint. */
export function readFloats(prefix: string, name: string): number[] {
  const bundle = openBundle(prefix);
  const { data } = bundle.read(name);
  bundle.close();
  return [...new Float32Array((data as Uint8Array).slice().buffer)];
}

/** Commits epoch `epoch`: a tensor `w` that holds the epoch, best epoch 1. */
export function commitEpoch(directory: string, epoch: number, options: Partial<CommitOptions> = {}): number {
  return commitCheckpoint({
    directory,
    name: `ckpt-${epoch}`,
    tensors: [['w', float32([epoch, epoch, epoch])]],
    epochInfo: { last_completed_epoch: epoch, best_epoch: 1, checkpoint: `ckpt-${epoch}` },
    maxCheckpoints: 2,
    ...options,
  });
}

export function recordedEpoch(directory: string): number {
  return JSON.parse(readFileSync(epochInfoPath(directory), 'utf8')).last_completed_epoch;
}

/** The real file operations, but the one numbered `at` (from 0) throws `failure`, and with `dead` every later one too. */
export function failingFiles(at: number, failure: Error, dead: boolean): { files: FileOps; count: () => number } {
  let calls = 0;
  const guard =
    <Args extends unknown[], Result>(operation: (...args: Args) => Result) =>
    (...args: Args): Result => {
      const call = calls++;
      if (call === at || (dead && call > at)) throw failure;
      return operation(...args);
    };
  const files = Object.fromEntries(
    Object.entries(realFiles).map(([name, operation]) => [name, guard(operation)]),
  ) as unknown as FileOps;
  return { files, count: () => calls };
}

/** The real file operations on a disk with `room` bytes left: the write that does not fit writes what does, and fails. */
export function filesOnSmallDisk(room: number): { files: FileOps; isFull: () => boolean } {
  let left = room;
  let isFull = false;
  const write = (file: number, bytes: Uint8Array) => {
    realFiles.write(file, bytes.subarray(0, Math.max(left, 0)));
    left -= bytes.length;
    if (left >= 0) return;
    isFull = true;
    throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
  };
  return { files: { ...realFiles, write }, isFull: () => isFull };
}

export function removeFiles(directory: string, ...names: string[]): void {
  for (const name of names) rmSync(join(directory, name), { recursive: true, force: true });
}

/** The same table in blocks of 100 entries, each compressed and marked with `type`. */
export function recompress(path: string, type: number, compress: (block: Uint8Array) => Uint8Array): Uint8Array {
  const entries = decodeTable(readFileSync(path));
  const parts: Uint8Array[] = [];
  let offset = 0;
  const emit = (block: Uint8Array): Uint8Array => {
    const packed = Buffer.concat([compress(block), Uint8Array.of(type)]);
    const sum = Buffer.alloc(4);
    sum.writeUInt32LE(maskChecksum(checksum(packed)));
    parts.push(packed, sum);
    const handle = varints(offset, packed.length - 1);
    offset += packed.length + 4;
    return handle;
  };
  const index: TableEntry[] = [];
  for (let from = 0; from < entries.length; from += 100) {
    const group = entries.slice(from, from + 100);
    index.push([group.at(-1)?.[0] ?? new Uint8Array(), emit(plainBlock(group))]);
  }
  const handles = Buffer.concat([emit(plainBlock([])), emit(plainBlock(index))]);
  const footer = Buffer.alloc(48);
  footer.set(handles);
  footer.writeUInt32LE(0x8b80fb57, 40);
  footer.writeUInt32LE(0xdb477524, 44);
  return Buffer.concat([...parts, footer]);
}

/** A block whose keys share no prefixes. */
function plainBlock(entries: readonly TableEntry[]): Uint8Array {
  const rows = entries.flatMap(([key, value]) => [varints(0, key.length, value.length), key, value]);
  return Buffer.concat([...rows, Uint8Array.of(0, 0, 0, 0, 1, 0, 0, 0)]);
}

function varints(...values: number[]): Uint8Array {
  const out: number[] = [];
  for (const value of values) pushVarint(out, value);
  return Uint8Array.from(out);
}

/** Flips one bit of a file. */
export function flipBit(path: string, position: number, bit: number): void {
  const bytes = readFileSync(path);
  bytes[position] = (bytes[position] ?? 0) ^ (1 << bit);
  writeFileSync(path, bytes);
}
