import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  diffTensors,
  openTensorFile,
  summarizeTensor,
  type TensorData,
  writeBundle,
  writeSafetensors,
} from '../../../src/checkpoint/index.js';
import { toNumbers } from '../../../src/checkpoint/inspect/to-numbers.js';
import { float32, strings } from '../support.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'inspect-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function open(name: string, tensors: readonly (readonly [string, TensorData])[]) {
  writeBundle(join(folder, name), tensors);
  return openTensorFile(join(folder, name));
}

describe('toNumbers', () => {
  test.each([
    ['float16', [0, 0x3c, 0, 0xc0, 1, 0, 0, 0x7c, 1, 0x7e], [1, -2, 2 ** -24, Number.POSITIVE_INFINITY, Number.NaN]],
    ['bfloat16', [0x80, 0x3f, 0x80, 0xff], [1, Number.NEGATIVE_INFINITY]],
    ['float8_e5m2', [0x3c, 0x7c, 0x7f], [1, Number.POSITIVE_INFINITY, Number.NaN]],
    ['float8_e4m3fn', [0x38, 0x7e, 0x7f], [1, 448, Number.NaN]],
    ['int64', [255, 255, 255, 255, 255, 255, 255, 255], [-1]],
    ['uint16', [255, 255], [65535]],
    ['complex64', [0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0], [1, -2]],
  ] as const)('%s', (dtype, bytes, expected) => {
    expect([...Array.from(toNumbers(dtype, Uint8Array.from(bytes)))]).toEqual(expected);
  });
});

test('summarizeTensor leaves NaN out of all but its own count', () => {
  const { NaN: nan, POSITIVE_INFINITY: infinity } = Number;
  const file = open('ckpt-1', [
    ['w', float32([3, nan, -1, infinity, nan])],
    ['nothing', float32([])],
    ['text', strings('a')],
  ]);
  expect(summarizeTensor(file, 'w')).toEqual({ min: -1, max: infinity, mean: 1, nan: 2, infinite: 1 });
  expect(summarizeTensor(file, 'nothing')).toMatchObject({ min: undefined, mean: undefined, nan: 0 });
  expect(summarizeTensor(file, 'text')).toBeUndefined();
  file.close();
});

describe('diffTensors', () => {
  const base: [string, TensorData][] = [
    ['same', float32([1, Number.NaN])],
    ['text', strings('a', 'b')],
    ['w', float32([1, 2, 3, 4], [2, 2])],
  ];

  test('a checkpoint and the same in safetensors are equal', () => {
    const left = open('ckpt-1', base.slice(0, 1));
    writeSafetensors(join(folder, 'w.safetensors'), base.slice(0, 1));
    const right = openTensorFile(join(folder, 'w.safetensors'));
    expect([...diffTensors(left, right)]).toEqual([]);
    left.close();
    right.close();
  });

  test('tells each tensor that differs, and how', () => {
    const left = open('ckpt-1', [
      ...base,
      ['big', { dtype: 'int64', shape: [1], data: new Uint8Array(BigInt64Array.of(2n ** 60n).buffer) }],
      ['form', float32([1])],
      ['old', float32([1])],
    ]);
    const right = open('ckpt-2', [
      ['same', float32([1, Number.NaN])],
      ['text', strings('a', 'c')],
      ['w', float32([1, 2, 3.5, 5], [2, 2])],
      ['big', { dtype: 'int64', shape: [1], data: new Uint8Array(BigInt64Array.of(2n ** 60n + 1n).buffer) }],
      ['form', float32([1], [])],
      ['young', float32([1])],
    ]);
    const first = { index: 2, left: 3, right: 3.5 };
    expect([...diffTensors(left, right)]).toEqual([
      { kind: 'bytes', name: 'big' },
      { kind: 'form', name: 'form', left: 'float32 [1]', right: 'float32 []' },
      { kind: 'only-left', name: 'old' },
      { kind: 'bytes', name: 'text' },
      { kind: 'values', name: 'w', first, count: 2, maxAbsolute: 1, maxRelative: 0.2 },
      { kind: 'only-right', name: 'young' },
    ]);
    left.close();
    right.close();
  });
});
