import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { dispose, tensor1d } from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { clipScale, createAdam, createSgd, globalNorm, type Module } from '../../../src/trainer/nn/index.js';
import { zeros } from '../../../src/trainer/nn/initializers.js';
import { buildModule } from '../../../src/trainer/nn/module.js';
import { findTensorFlow, runTensorFlow } from '../../oracle/tensorflow.js';
import { backends, expectClose, randomValues, useBackend } from '../numeric.js';
import { temporaryFolder } from '../support.js';

const fixture = fileURLToPath(new URL('../../fixtures/keras/optimizers.json', import.meta.url));
const [steps, size] = [12, 5];
const python = findTensorFlow() ?? '';

/** What Keras is asked for: an optimizer with its options, clipping, a rate and gradients for each step. */
const tasks = {
  adam: { optimizer: 'Adam', options: { beta_1: 0.5, beta_2: 0.999 }, clip: 0 },
  'adam, clipped': { optimizer: 'Adam', options: { beta_1: 0.9, beta_2: 0.99 }, clip: 0.7 },
  momentum: { optimizer: 'SGD', options: { momentum: 0.9 }, clip: 0 },
  'momentum, clipped': { optimizer: 'SGD', options: { momentum: 0.5 }, clip: 0.7 },
  'gradient descent': { optimizer: 'SGD', options: { momentum: 0 }, clip: 0 },
} as const;

type Task = (typeof tasks)[keyof typeof tasks];

const gradients = Array.from({ length: steps }, (_, step) => randomValues(size, 'keras', step));
/** As a schedule would have it, warm-up and decay. */
const rates = Array.from({ length: steps }, (_, step) => 0.02 * Math.min(1, (step + 1) / 4) * (1 - step / 20));

/** Weights after each step, by task. */
type Weights = Readonly<Record<string, number[][]>>;

function takeSteps({ optimizer, options, clip }: Task): number[][] {
  const module = buildModule('net', 1);
  const weight = module.root.weight('w', [size], zeros);
  const ours = create(module, optimizer, options);
  return gradients.map((values, step) => {
    const gradient = tensor1d(values);
    const all = new Map([['net/w', gradient]]);
    const norm = globalNorm(all);
    const scale = clipScale(norm, clip);
    ours.apply(all, rates[step] as number, scale);
    dispose([gradient, norm, ...(scale === undefined ? [] : [scale])]);
    return [...weight.dataSync()];
  });
}

function create(module: Module, optimizer: Task['optimizer'], options: Readonly<Record<string, number>>) {
  const { beta_1: beta1 = 0, beta_2: beta2 = 0, momentum = 0 } = options;
  return optimizer === 'Adam'
    ? createAdam('optimizer_g', module, { beta1, beta2 })
    : createSgd('optimizer_d', module, { momentum });
}

function expectAsKeras(expected: Weights): void {
  for (const [name, task] of Object.entries(tasks)) {
    const ours = takeSteps(task);
    for (const [step, weights] of ours.entries())
      expectClose(weights, expected[name]?.[step] ?? [], 1e-5, `${name}, step ${step + 1}`);
  }
}

function askKeras(): Weights {
  const path = join(temporaryFolder(), 'tasks.json');
  const whole = Object.entries(tasks).map(([name, task]) => [
    name,
    { ...task, rates, gradients: gradients.map((values) => [...values]) },
  ]);
  writeFileSync(path, JSON.stringify(Object.fromEntries(whole)));
  return JSON.parse(runTensorFlow(python, 'optimizers.py', path)) as Weights;
}

describe.each(backends)('optimizers on %s', (backend) => {
  useBackend(backend);

  test('every step is that of Keras 3.15, as stored', () => {
    expectAsKeras(JSON.parse(readFileSync(fixture, 'utf8')) as Weights);
  });
});

describe.skipIf(python === '')('optimizers beside Keras', () => {
  useBackend('wasm');

  test('every step is that of the Keras that is installed', () => {
    const weights = askKeras();
    if (process.env['UPDATE_ORACLES'] === '1') writeFileSync(fixture, `${JSON.stringify(weights)}\n`);
    expect(Object.keys(weights)).toEqual(Object.keys(tasks));
    expectAsKeras(weights);
  });
});
