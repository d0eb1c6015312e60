import { expect, test } from 'vitest';
import { createMemoryPool, memoryOf } from '../../../src/trainer/loop/memory-pool.js';

test('memory that was taken and given back is taken again; threads share it', () => {
  const pool = createMemoryPool();
  const [first, second] = [pool.take(100), pool.take(100)];
  expect(first.length).toBe(100);
  expect(first.buffer).toBeInstanceOf(SharedArrayBuffer);
  expect(first.buffer).not.toBe(second.buffer);
  pool.giveBack([first.buffer]);
  expect(pool.take(100).buffer).toBe(first.buffer);
  expect([first.buffer, second.buffer]).not.toContain(pool.take(100).buffer);
});

test('it takes nothing back that is not its own, and nothing twice', () => {
  const pool = createMemoryPool();
  const own = pool.take(8).buffer;
  const others = [new ArrayBuffer(8), new SharedArrayBuffer(8)];
  pool.giveBack([others[0] as ArrayBuffer, own, own, others[1] as SharedArrayBuffer]);
  const again = [pool.take(8), pool.take(8), pool.take(8)].map(({ buffer }) => buffer);
  expect(again[0]).toBe(own);
  expect(new Set(again).size).toBe(3);
  for (const other of others) expect(again).not.toContain(other);
});

test('memoryOf names each buffer once, those of strings too', () => {
  const shared = new ArrayBuffer(8);
  const text = new Uint8Array(3);
  const tensors = [
    ['a', { dtype: 'float32', shape: [1], data: new Uint8Array(shared, 0, 4) }],
    ['b', { dtype: 'float32', shape: [1], data: new Uint8Array(shared, 4, 4) }],
    ['c', { dtype: 'string', shape: [], data: [text] }],
  ] as const;
  expect(memoryOf(tensors)).toEqual([shared, text.buffer]);
});
