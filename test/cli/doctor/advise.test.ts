import { describe, expect, test } from 'vitest';
import { adviseFaster, chooseBackend, isFixable } from '../../../src/cli/doctor/advise.js';
import { describeMachine } from '../../../src/cli/doctor/describe.js';
import type { Machine } from '../../../src/cli/doctor/machine.js';
import type { BackendName } from '../../../src/trainer/backends/backend.js';
import type { ProbedBackend } from '../../../src/trainer/backends/probe-backend.js';

const works = (name: BackendName, isGpu = false): ProbedBackend => ({
  works: true,
  name,
  device: isGpu ? 'GPU' : 'CPU',
  isGpu,
  startMs: 400,
  ops: [],
});
const fails = (name: BackendName): ProbedBackend => ({ works: false, name, reason: 'is not there' });

const gpu = { index: '0', uuid: 'GPU-1', name: 'H100', degrees: 30, totalMiB: 80_000, usedMiB: 0, eccErrors: 0 };
const python = {
  python: '/venv/bin/python3',
  pythonVersion: '3.11.7',
  version: '2.21.0',
  folder: '/venv/tensorflow',
  libraries: [],
  cudaFolders: [],
};

function machine(changes: Partial<Machine>): Machine {
  return {
    node: 'v20.20.2',
    platform: 'linux x64',
    processors: { count: 2, model: 'a processor' },
    memory: { totalBytes: 1e9, freeBytes: 1e8 },
    gpus: [],
    python,
    native: undefined,
    backends: [fails('tensorflow'), fails('webgpu'), works('wasm'), works('cpu')],
    ...changes,
  };
}

describe('the choice', () => {
  test.each([
    [[works('tensorflow', true), works('webgpu', true), works('wasm')], 'tensorflow'],
    [[works('tensorflow'), works('webgpu', true), works('wasm')], 'webgpu'],
    [[works('tensorflow'), works('webgpu'), works('wasm')], 'tensorflow'],
    [[fails('tensorflow'), works('webgpu'), works('wasm'), works('cpu')], 'wasm'],
    [[fails('tensorflow'), fails('webgpu'), fails('wasm'), works('cpu')], 'cpu'],
    [[fails('tensorflow'), fails('webgpu'), fails('wasm'), fails('cpu')], undefined],
  ] as const)('case %#', (backends, expected) => {
    expect(chooseBackend(backends).name).toBe(expected);
  });
});

const onProcessor = [works('tensorflow'), fails('webgpu'), works('wasm'), works('cpu')];
const cuda = { ...python, cudaFolders: ['/venv/nvidia/cudnn/lib'] };

describe('the advice', () => {
  test.each([
    ['Python has TensorFlow', {}, /your Python has it \(2\.21\.0\): supervise doctor --fix/, true],
    [
      'Python has none',
      { python: { problem: 'python3 has no TensorFlow' } },
      /Python3 has no .*pip install tensorflow\)/,
      true,
    ],
    [
      'a GPU, and no TensorFlow',
      { gpus: [gpu], python: { problem: 'none' } },
      /pip install "tensorflow\[and-cuda\]"/,
      true,
    ],
    [
      'a GPU, and TensorFlow without CUDA',
      { gpus: [gpu], backends: onProcessor },
      /runs on the processor: .*\[and-cuda\]/,
      false,
    ],
    [
      'a GPU, and a binding built before CUDA came',
      { gpus: [gpu], python: cuda, backends: onProcessor },
      /has CUDA, but/,
      true,
    ],
  ] as const)('%s', (_, changes, expected, fixable) => {
    const seen = machine(changes as Partial<Machine>);
    expect(adviseFaster(seen)[0]).toMatch(expected);
    expect(isFixable(seen)).toBe(fixable);
    expect(describeMachine(seen).join('\n')).toMatch(expected);
  });

  test('a Python whose TensorFlow was updated wants another binding', () => {
    const native = {
      kind: 'own',
      tensorflow: '2.20.0',
      device: '',
      tfjs: '',
      node: '',
      built_at: '',
      checked: 1,
    } as const;
    const seen = machine({ backends: onProcessor, native });
    expect(adviseFaster(seen)[0]).toMatch(/built against TensorFlow 2\.20\.0/);
    expect(isFixable(seen)).toBe(true);
  });

  test('on a GPU there is none', () => {
    const seen = machine({ gpus: [gpu], backends: [works('tensorflow', true)] });
    expect(adviseFaster(seen)).toEqual([]);
    expect(isFixable(seen)).toBe(false);
    expect(describeMachine(seen).at(-1)).toBe('Nothing would make it faster here.');
  });
});
