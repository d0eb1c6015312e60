import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { LoadedBackend } from '../../../src/trainer/backends/backend.js';
import { isKnownGood, noteKnownGood } from '../../../src/trainer/backends/self-test-verdicts.js';

const wasm: LoadedBackend = { name: 'wasm', device: 'CPU, WebAssembly with SIMD, 1 thread' };

describe('verdicts of the self-test', () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'verdicts-'));
    path = join(folder, 'of/a/user/self-test.json');
  });
  afterEach(() => {
    vi.useRealTimers();
    rmSync(folder, { recursive: true });
  });

  test('a backend that has passed is known, and nothing else', () => {
    expect(isKnownGood(wasm, path)).toBe(false);
    noteKnownGood(wasm, path);
    expect(isKnownGood(wasm, path)).toBe(true);
    expect(isKnownGood({ ...wasm, device: 'CPU, WebAssembly with SIMD, 2 threads' }, path)).toBe(false);
    expect(isKnownGood({ ...wasm, version: '2.21.0' }, path)).toBe(false);
  });

  test('several are known at once', () => {
    const cpu: LoadedBackend = { name: 'cpu', device: 'CPU, plain JS' };
    noteKnownGood(wasm, path);
    noteKnownGood(cpu, path);
    expect([wasm, cpu].map((backend) => isKnownGood(backend, path))).toEqual([true, true]);
  });

  test('a verdict holds for a day', () => {
    noteKnownGood(wasm, path);
    vi.useFakeTimers({ now: Date.now() + 23 * 3600 * 1000 });
    expect(isKnownGood(wasm, path)).toBe(true);
    vi.setSystemTime(Date.now() + 2 * 3600 * 1000);
    expect(isKnownGood(wasm, path)).toBe(false);
  });

  test('one from the future, after a clock was set back, does not', () => {
    vi.useFakeTimers({ now: Date.now() + 3600 * 1000 });
    noteKnownGood(wasm, path);
    vi.useRealTimers();
    expect(isKnownGood(wasm, path)).toBe(false);
  });

  test('a graphics card is tested each time', () => {
    const card: LoadedBackend = { name: 'tensorflow', device: 'GPU', isGpu: true };
    noteKnownGood(card, path);
    expect(isKnownGood(card, path)).toBe(false);
  });

  test.each(['', 'null', '[1]', '{"a":"b"}', '{'])('a file with %j in it counts for nothing', (content) => {
    writeFileSync(join(folder, 'broken.json'), content);
    expect(isKnownGood(wasm, join(folder, 'broken.json'))).toBe(false);
  });

  test('a place that cannot be written is no error', () => {
    writeFileSync(join(folder, 'file'), '');
    noteKnownGood(wasm, join(folder, 'file/self-test.json'));
    expect(isKnownGood(wasm, join(folder, 'file/self-test.json'))).toBe(false);
  });
});
