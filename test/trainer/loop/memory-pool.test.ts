import { expect, test } from 'vitest';
import { createMemoryPool, memoryOf } from '../../../src/trainer/loop/memory-pool.js';

test('memory that was taken and given back is taken again, also when it has been in another thread', () => {
  const pool = createMemoryPool();
  const [first, second] = [pool.take(100), pool.take(100)];
  expect(first.length).toBe(100);
  expect(first.buffer).not.toBe(second.buffer);
  const moved = structuredClone(first.buffer, { transfer: [first.buffer as ArrayBuffer] }) as ArrayBuffer;
  pool.giveBack([moved]);
  expect(pool.take(100).buffer).toBe(moved);
  expect(pool.take(100).buffer).not.toBe(second.buffer);
});

test('it never grows beyond what was taken', () => {
  const pool = createMemoryPool();
  const own = pool.take(8).buffer as ArrayBuffer;
  pool.giveBack([new ArrayBuffer(8), own, new ArrayBuffer(16)]);
  const again = [pool.take(8), pool.take(8)].map(({ buffer }) => buffer);
  expect(again).not.toContain(own);
  expect(pool.take(16).length).toBe(16);
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
