import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  type CommitOptions,
  commitCheckpoint,
  type FileOps,
  openBundle,
  realFiles,
  type TensorData,
} from '../../src/checkpoint/index.js';
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

export function removeFiles(directory: string, ...names: string[]): void {
  for (const name of names) rmSync(join(directory, name), { recursive: true, force: true });
}
