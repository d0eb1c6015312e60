import { describe, expect, test } from 'vitest';
import { classify } from '../../../src/supervisor/classify.js';
import { outOfMemoryLine } from '../../../src/trainer/backends/out-of-memory.js';

const device = (name: string, allocator: string) =>
  `Invalid TF_Status: 8\nMessage: OOM when allocating tensor with shape[4,64,128,512] and type float on /job:localhost/replica:0/task:0/device:${name} by allocator ${allocator}`;

describe('exhausted memory', () => {
  test.each([
    ['GPU:0', 'GPU_0_bfc', 'gpu-memory'],
    ['CPU:0', 'cpu', 'host-memory'],
  ])('of %s, by allocator %s, is %s to supervise', (where, allocator, expected) => {
    const line = outOfMemoryLine(new Error(device(where, allocator)));
    expect(line).toMatch(/^OOM when allocating tensor/);
    const logTail = ['Epoch 1/5 step 3/120', `The training ends, because memory is exhausted: ${line}`];
    expect(classify({ code: 1, signal: null }, { logTail, oomKills: 0 }).class).toBe(expected);
  });

  test('is told from every other error', () => {
    expect(outOfMemoryLine(new Error('Invalid TF_Status: 3\nMessage: Incompatible shapes'))).toBeUndefined();
    expect(outOfMemoryLine('OOM when allocating')).toBeUndefined();
  });
});
