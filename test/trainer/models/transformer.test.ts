import { grad, memory, mul, sum, type Tensor4D, tensor, tidy } from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { ctcLoss } from '../../../src/trainer/losses/index.js';
import { createTransformer } from '../../../src/trainer/models/index.js';
import { differentiate } from '../../../src/trainer/nn/gradients.js';
import { inference } from '../../../src/trainer/nn/index.js';
import { expectClose, randomTensor, randomValues, useBackend } from '../numeric.js';
import { changedPaths, readLoss, slopes, snapshot } from './support.js';

const size = { height: 16, width: 32, classes: 6, seed: 3, filters: 2, dimension: 8, heads: 2, headSize: 4 };
const create = (changes: object = {}) =>
  createTransformer({ ...size, feedForward: 12, layers: 2, dropout: 0.1, input: '0..1', ...changes });
const images = () => randomTensor<Tensor4D>([2, 16, 32, 1], 'images');
const labels = [Int32Array.of(3, 1), Int32Array.of(2)];
const training = { training: true, seed: 5, step: 3 };

describe.each(['wasm', 'device'] as const)('the transformer recognizer on %s', (backend) => {
  useBackend(backend);

  test('its gradient is its change along a random direction of the weights', () => {
    const reader = create({ layers: 1 });
    const batch = images();
    const lossAt = () =>
      readLoss(
        differentiate(reader, () => ({
          loss: ctcLoss(reader.logits(reader.features(batch, training), training), labels),
          extra: undefined,
        })),
      );
    const found = slopes(reader.trainable, lossAt, 5e-5);
    expect(Math.abs(found.analytic / found.numeric - 1)).toBeLessThan(0.02);
  });

  test('frozen it reads the same, and its gradient with respect to the image is the slope of what it reads', () => {
    const reader = create();
    const batch = images();
    tidy(() => reader.features(batch, training).size);
    const frozen = reader.freeze();
    expectClose(
      tidy(() => frozen.logits(frozen.features(batch)).dataSync().slice()),
      reader.logits(reader.features(batch, inference)).dataSync(),
      1e-3,
    );
    const weights = randomTensor<Tensor4D>([2, 4, 6], 'weights');
    const read = (x: Tensor4D) => frozen.logits(frozen.features(x));
    const slope = grad((x) => read(x as Tensor4D))(batch, weights).dataSync();
    const largest = Math.max(...slope.map(Math.abs));
    const direction = randomValues(batch.size, 'direction').map(
      (value, i) => 0.3 * value + (4 * (slope[i] ?? 0)) / largest,
    );
    const scoreAt = (by: number) =>
      tidy(() => {
        const moved = batch.dataSync().map((value, i) => value + by * (direction[i] as number));
        return sum(mul(read(tensor(moved, batch.shape)), weights)).dataSync()[0] as number;
      });
    const numeric = (scoreAt(2e-4) - scoreAt(-2e-4)) / 4e-4;
    const analytic = direction.reduce((total, value, i) => total + value * (slope[i] as number), 0);
    expect(Math.abs(analytic / numeric - 1)).toBeLessThan(0.02);
  });
});

describe('the transformer recognizer', () => {
  useBackend('wasm');

  test('reads a step for each eight columns, and shorter lines too', () => {
    const reader = create();
    const features = reader.features(images(), training);
    expect(features.shape).toEqual([2, 2, 4, 16]);
    expect(reader.logits(features).shape).toEqual([2, 4, 6]);
    expect(reader.logits(reader.features(randomTensor([1, 16, 16, 1], 'short'), inference)).shape).toEqual([1, 2, 6]);
    expect(() => create({ width: 30 })).toThrow(/cannot read lines of 30 × 16 pixels/);
  });

  test('drops in training by seed and step; disposing the frozen one frees everything', () => {
    const before = memory().numTensors;
    const [reader, batch] = [create(), images()];
    const read = (step: number) =>
      tidy(() =>
        reader
          .logits(reader.features(batch, inference), { ...training, step })
          .dataSync()
          .slice(),
      );
    expect(read(1)).toEqual(read(1));
    expect(read(1)).not.toEqual(read(2));
    const moved = snapshot(reader.variables);
    tidy(() => reader.features(batch, training).size);
    expect(changedPaths(moved, snapshot(reader.variables)).every((path) => path.includes('/moving_'))).toBe(true);
    reader.freeze().dispose();
    batch.dispose();
    expect(memory().numTensors).toBe(before);
  });
});
