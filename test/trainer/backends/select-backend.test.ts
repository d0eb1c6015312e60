import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getBackend, memory } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SuperviseError } from '../../../src/protocol/index.js';
import { selectBackend } from '../../../src/trainer/backends/select-backend.js';
import { failedChecks, runSelfTestCase } from '../../../src/trainer/backends/self-test.js';
import { selfTestCases } from '../../../src/trainer/backends/self-test-cases.js';
import { backends, useBackend } from '../numeric.js';

describe('selecting a backend', () => {
  test.each([
    ['cpu', /^asked for\. Plain JS is the last resort/, 'CPU, plain JS'],
    ['wasm', /^asked for\.$/, 'CPU, WebAssembly'],
  ] as const)('%s, when asked for', async (name, reason, device) => {
    const selected = await selectBackend(name);
    expect(selected.name).toBe(name);
    expect(selected.reason).toMatch(reason);
    expect(selected.device).toContain(device);
    expect(getBackend()).toBe(name);
  });

  test('selecting leaves no tensors behind', async () => {
    const before = memory().numTensors;
    await selectBackend('wasm');
    expect(memory().numTensors).toBe(before);
  });

  describe('without the binding to TensorFlow', () => {
    beforeAll(() => {
      process.env['SUPERVISE_NATIVE_DIR'] = join(tmpdir(), 'no-such-folder');
    });
    afterAll(() => {
      delete process.env['SUPERVISE_NATIVE_DIR'];
    });

    test('asking for tensorflow is one clear error', async () => {
      const error = await selectBackend('tensorflow').catch((caught: unknown) => caught);
      expect(error).toBeInstanceOf(SuperviseError);
      const { code, message, problem } = error as SuperviseError;
      expect(code).toBe('BACKEND_UNAVAILABLE');
      expect(message).toContain('its binding is not built ("npm run native" builds it)');
      expect(problem.where).toBe('training.backend');
      expect(problem.hint).toContain('npm run native');
    });

    test('asking for webgpu without its packages is one', async () => {
      const failure = selectBackend('webgpu');
      await expect(failure).rejects.toMatchObject({ code: 'BACKEND_UNAVAILABLE' });
      await expect(failure).rejects.toThrow('the package webgpu is not installed ("npm run native -- --webgpu"');
    });

    test('auto takes wasm and says why', async () => {
      const { name, reason } = await selectBackend('auto');
      expect(name).toBe('wasm');
      expect(reason).toMatch(/^the fastest that works here \(tensorflow: its binding is not built .*; webgpu: .*\)\.$/);
    });
  });

  test('a disposed backend frees its memory', async () => {
    const { dispose } = await selectBackend('wasm');
    dispose();
    expect(getBackend()).not.toBe('wasm');
  });
});

describe.each(backends.filter((name) => name !== 'wasm'))('the self-test on %s', (backend) => {
  useBackend(backend);

  test('passes, with every slope well within its tolerance', async () => {
    expect(await failedChecks()).toEqual([]);
    for (const testCase of selfTestCases) {
      const { value, slope, numericSlope } = await runSelfTestCase(testCase);
      expect(Math.abs(value - testCase.expected), testCase.name).toBeLessThan(2e-4);
      expect(Math.abs(slope - numericSlope), testCase.name).toBeLessThan(0.01 * Math.max(1, Math.abs(slope)));
    }
  });

  test('names what has a wrong value, a wrong gradient, or neither', async () => {
    const right = selfTestCases.find(({ name }) => name === 'matrix product');
    if (right === undefined) throw new Error('no such case');
    expect(await failedChecks([right, { ...right, name: 'matrix product', expected: right.expected + 0.01 }])).toEqual([
      'matrix product',
    ]);
  });
});
