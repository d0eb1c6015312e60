import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { prefetch } from '../../../src/trainer/data/prefetch.js';

describe('prefetch', () => {
  test('gives every item in order, reading one ahead and no further', async () => {
    const started: number[] = [];
    const read = async (index: number) => {
      started.push(index);
      await setImmediate();
      return index * 10;
    };
    const seen: [number, number][] = [];
    for await (const item of prefetch(read, 2, 6)) seen.push([item, started.at(-1) ?? -1]);
    expect(seen).toEqual([
      [20, 3],
      [30, 4],
      [40, 5],
      [50, 5],
    ]);
  });

  test('an empty range reads nothing', async () => {
    let reads = 0;
    for await (const _ of prefetch(async () => reads++, 3, 3)) throw new Error('nothing to give');
    expect(reads).toBe(0);
  });

  test('a failure arrives with its own item, not before', async () => {
    const read = async (index: number) => {
      if (index === 1) throw new Error('bad record');
      return index;
    };
    const items = prefetch(read, 0, 3);
    expect((await items.next()).value).toBe(0);
    await setImmediate();
    await expect(items.next()).rejects.toThrow('bad record');
  });

  test('leaving early waits for the read under way', async () => {
    let finished = 0;
    const read = async (index: number) => {
      await setImmediate();
      finished++;
      return index;
    };
    for await (const item of prefetch(read, 0, 10)) if (item === 1) break;
    expect(finished).toBe(3);
  });
});
