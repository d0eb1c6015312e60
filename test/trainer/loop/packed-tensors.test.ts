import { describe, expect, it } from 'vitest';
import type { TensorData } from '../../../src/checkpoint/index.js';
import { createPacker, createUnpacker } from '../../../src/trainer/loop/packed-tensors.js';

const shared = Uint8Array.from({ length: 24 }, (_, index) => index).buffer;
const tensors: [string, TensorData][] = [
  ['kernel', { dtype: 'float32', shape: [2, 1], data: new Uint8Array(shared, 0, 8) }],
  ['steps', { dtype: 'int64', shape: [], data: new Uint8Array(shared, 8, 8) }],
  ['empty', { dtype: 'float32', shape: [0], data: new Uint8Array(0) }],
  ['names', { dtype: 'string', shape: [2], data: [new Uint8Array(shared, 16, 3), new TextEncoder().encode('"a" ü')] }],
  ['none', { dtype: 'string', shape: [0], data: [] }],
];

describe('packed tensors', () => {
  it('are the same tensors in another thread', () => {
    const arrived = structuredClone(createPacker()(tensors));
    expect(createUnpacker()(arrived)).toEqual(tensors);
  });

  it('name each memory once, and copy nothing', () => {
    const { memory } = createPacker()(tensors);
    expect(memory).toHaveLength(3);
    expect(memory[0]).toBe(shared);
  });

  it('tell only what changed since the last ones', () => {
    const [pack, unpack] = [createPacker(), createUnpacker()];
    unpack(structuredClone(pack(tensors)));
    const again = pack(tensors);
    expect(JSON.parse(again.changes)).toEqual([]);
    expect(unpack(structuredClone(again))).toEqual(tensors);
    const changed: typeof tensors = [
      ['kernel', { dtype: 'int32', shape: [1, 2], data: new Uint8Array(shared, 0, 8) }],
      ['steps', { dtype: 'int64', shape: [], data: new Uint8Array(shared, 16, 8) }],
      ['empty', { dtype: 'float32', shape: [0], data: new Uint8Array(0) }],
      ['names', { dtype: 'string', shape: [1], data: [new TextEncoder().encode('other')] }],
    ];
    const moved = tensors.map(([name, tensor]): (typeof tensors)[number] => [
      name,
      tensor.data instanceof Uint8Array ? { ...tensor, data: tensor.data.slice() } : tensor,
    ]);
    const told = pack(moved);
    expect(JSON.parse(told.changes)).toEqual([]);
    expect(unpack(structuredClone(told))).toEqual(tensors);
    for (const next of [changed, tensors]) expect(unpack(structuredClone(pack(next)))).toEqual(next);
  });
});
