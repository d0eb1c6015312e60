import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KernelFunc, Tensor, TensorInfo } from '@tensorflow/tfjs-core';
import { engine, getKernel, mul, setBackend, tidy, zerosLike } from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { installKernels } from '../../../src/trainer/backends/own-kernel.js';
import { selectBackend } from '../../../src/trainer/backends/select-backend.js';
import { failedChecks } from '../../../src/trainer/backends/self-test.js';
import { selfTestCases } from '../../../src/trainer/backends/self-test-cases.js';
import { loadWasmBackend } from '../../../src/trainer/backends/wasm-backend.js';
import { registerGradients } from '../../../src/trainer/nn/autodiff/index.js';
import { startPlainJs } from '../numeric.js';

/** Replaces a kernel of a backend by one that spoils what it computes. */
function spoil(backendName: string, kernelName: string, change: (output: Tensor) => Tensor): void {
  const stock = getKernel(kernelName, backendName)?.kernelFunc as KernelFunc;
  const kernelFunc: KernelFunc = (call) =>
    tidy(() => change(engine().makeTensorFromTensorInfo(stock(call) as TensorInfo)));
  installKernels(backendName, [{ kernelName, kernelFunc }]);
}

describe('the self-test', () => {
  beforeAll(registerGradients);

  test.each([
    ['MaxPoolGrad', zerosLike, ['max pooling 2 × 2', 'max pooling 2 × 1 of an odd height']],
    ['UnsortedSegmentSum', zerosLike, ['look-up']],
    ['Tanh', (y: Tensor) => mul(y, 1.1), ['arithmetic with broadcasting']],
  ] as const)('finds a spoilt %s', async (kernelName, change, names) => {
    await startPlainJs(`broken-${kernelName}`);
    spoil(`broken-${kernelName}`, kernelName, change);
    const failed = await failedChecks();
    for (const name of names) expect(failed).toContain(name);
    expect(failed.length).toBeLessThan(selfTestCases.length / 2);
  });

  test('finds a gradient that is only 5 % off', async () => {
    await startPlainJs('broken-slightly');
    spoil('broken-slightly', 'Conv2DBackpropFilter', (gradient) => mul(gradient, 1.05));
    expect((await failedChecks()).some((name) => name.startsWith('convolution'))).toBe(true);
  });
});

describe('a backend that fails its self-test', () => {
  beforeAll(async () => {
    // Whatever is installed here, there is no better one.
    process.env['SUPERVISE_NATIVE_DIR'] = join(tmpdir(), 'no-such-folder');
    await loadWasmBackend();
    spoil('wasm', 'MaxPoolGrad', zerosLike);
    await setBackend('cpu');
  });

  test('is refused when asked for, by the names of what failed', async () => {
    await expect(selectBackend('wasm')).rejects.toMatchObject({ code: 'BACKEND_UNAVAILABLE' });
    await expect(selectBackend('wasm')).rejects.toThrow(/fails its self-test \(max pooling 2 × 2, max pooling 2 × 1/);
  });

  test('is passed over by auto', async () => {
    const { name, reason } = await selectBackend('auto');
    expect(name).toBe('cpu');
    expect(reason).toContain('wasm: it fails its self-test (max pooling');
    expect(reason).toContain('last resort');
  });

  test('when none is left, auto fails and tells all reasons', async () => {
    spoil('cpu', 'Conv2DBackpropFilter', zerosLike);
    const failure = selectBackend('auto');
    await expect(failure).rejects.toMatchObject({ code: 'BACKEND_UNAVAILABLE' });
    await expect(failure).rejects.toThrow(/wasm: it fails.*cpu: it fails.*npm ci/s);
  });
});
