import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { describe, expect, test } from 'vitest';
import { createToucher } from '../../src/checkpoint/touch-memory.js';

const megabyte = 1 << 20;

describe('createToucher', () => {
  test.skipIf(availableParallelism() < 2 || !existsSync('/dev/zero'))('writes all of large memory', async () => {
    const toucher = createToucher();
    const memory = new Uint8Array(megabyte).fill(7);
    await Promise.all([toucher.touch(memory.subarray(0, megabyte / 2)), toucher.touch(memory.subarray(megabyte / 2))]);
    expect(memory.some((byte) => byte !== 0)).toBe(false);
    toucher.close();
    // And again after it was closed.
    memory.fill(7);
    await toucher.touch(memory);
    expect(memory.some((byte) => byte !== 0)).toBe(false);
    toucher.close();
  });

  test('leaves small memory alone', () => {
    const toucher = createToucher();
    const memory = new Uint8Array(1000).fill(7);
    expect(toucher.touch(memory)).toBeUndefined();
    expect(memory.every((byte) => byte === 7)).toBe(true);
    toucher.close();
  });
});
