import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { commitFinite, notFinite } from '../../../src/trainer/loop/commit-finite.js';
import { temporaryFolder } from '../support.js';

/** Commits one float32 tensor of these values, beside others that are in order. */
async function commit(values: readonly number[]) {
  const directory = join(temporaryFolder(), 'checkpoints');
  const tensor = (list: readonly number[]) => ({
    dtype: 'float32' as const,
    shape: [list.length],
    data: new Uint8Array(Float32Array.from(list).buffer),
  });
  await commitFinite({
    directory,
    name: 'ckpt-1',
    tensors: [
      ['a/.ATTRIBUTES/VARIABLE_VALUE', tensor([1])],
      ['b/kernel/.ATTRIBUTES/VARIABLE_VALUE', tensor(values)],
      // Bits of a NaN that are no float32.
      ['c', { dtype: 'int32', shape: [1], data: new Uint8Array([0, 0, 192, 127]) }],
    ],
    epochInfo: {
      format_version: 1,
      last_completed_epoch: 1,
      total_epochs: 1,
      status: 'running',
      timestamp: new Date(0).toISOString(),
      checkpoint: 'ckpt-1',
    },
    maxCheckpoints: 1,
    retention: {},
  }).catch((error: unknown) => {
    expect(existsSync(join(directory, 'ckpt-1.index'))).toBe(false);
    throw error;
  });
}

const lengths = [1, 3, 4, 5, 8, 11];

describe('commitFinite', () => {
  test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    'refuses %d at every place, naming the tensor',
    async (bad) => {
      for (const length of lengths)
        for (let at = 0; at < length; at++) {
          const values = Array.from({ length }, (_, index) => (index === at ? bad : index));
          await expect(commit(values)).rejects.toMatchObject({
            code: notFinite,
            message: 'b/kernel holds NaN or infinity',
          });
        }
    },
  );

  test('takes the largest numbers that there are, and none', async () => {
    const most = (2 - 2 ** -23) * 2 ** 127;
    for (const length of lengths) await commit(Array.from({ length }, () => most));
    await commit([]);
  });
});
