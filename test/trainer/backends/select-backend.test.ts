import { createRequire } from 'node:module';
import { getBackend, memory } from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { SuperviseError } from '../../../src/protocol/index.js';
import { selectBackend } from '../../../src/trainer/backends/select-backend.js';
import { failedChecks, runSelfTestCase } from '../../../src/trainer/backends/self-test.js';
import { selfTestCases } from '../../../src/trainer/backends/self-test-cases.js';
import { backends, useBackend } from '../numeric.js';

function isNativeInstalled(): boolean {
  try {
    createRequire(import.meta.url).resolve('@tensorflow/tfjs-node-gpu');
    return true;
  } catch {
    return false;
  }
}

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

  describe.skipIf(isNativeInstalled())('without @tensorflow/tfjs-node-gpu', () => {
    test('asking for tensorflow is one clear error', async () => {
      const error = await selectBackend('tensorflow').catch((caught: unknown) => caught);
      expect(error).toBeInstanceOf(SuperviseError);
      const { code, message, problem } = error as SuperviseError;
      expect(code).toBe('BACKEND_UNAVAILABLE');
      expect(message).toContain('@tensorflow/tfjs-node-gpu is not installed');
      expect(problem.where).toBe('training.backend');
      expect(problem.hint).toContain('npm install @tensorflow/tfjs-node-gpu');
    });

    test('auto takes wasm and says why', async () => {
      const { name, reason } = await selectBackend('auto');
      expect(name).toBe('wasm');
      expect(reason).toBe('the fastest that works here (tensorflow: @tensorflow/tfjs-node-gpu is not installed).');
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

  test('passes, with every slope well within its tolerance', () => {
    expect(failedChecks()).toEqual([]);
    for (const testCase of selfTestCases) {
      const { value, slope, numericSlope } = runSelfTestCase(testCase);
      expect(Math.abs(value - testCase.expected), testCase.name).toBeLessThan(2e-4);
      expect(Math.abs(slope - numericSlope), testCase.name).toBeLessThan(0.01 * Math.max(1, Math.abs(slope)));
    }
  });

  test('names what has a wrong value, a wrong gradient, or neither', () => {
    const right = selfTestCases.find(({ name }) => name === 'matrix product');
    if (right === undefined) throw new Error('no such case');
    expect(failedChecks([right, { ...right, name: 'matrix product', expected: right.expected + 0.01 }])).toEqual([
      'matrix product',
    ]);
  });
});
