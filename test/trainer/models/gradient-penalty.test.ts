import { mul, type Tensor2D, type Tensor4D, tensor, tidy, type Variable, variableGrads } from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { gradientPenalty } from '../../../src/trainer/models/gradient-penalty.js';
import { toTextTensor } from '../../../src/trainer/models/text.js';
import { backends, randomTensor, randomValues, useBackend } from '../numeric.js';
import { buildGan, snapshot } from './support.js';

const pass = { training: true, seed: 5, step: 3 };

describe.each(backends)('gradient penalty on %s', (backend) => {
  useBackend(backend);

  test('its gradient is its change along a random direction of the weights', () => {
    const { discriminator } = buildGan().parts;
    const between = {
      clean: randomTensor<Tensor4D>([2, 16, 16, 1], 'clean'),
      restored: randomTensor<Tensor4D>([2, 16, 16, 1], 'restored'),
      text: toTextTensor([Int32Array.of(3, 1, 4), Int32Array.of(1, 5)], 4) as Tensor2D,
    };
    // Steeper than a fresh network, so that the penalty has something to push against.
    for (const variable of discriminator.trainable.values()) tidy(() => variable.assign(mul(variable, 2) as Variable));
    const penalize = gradientPenalty(discriminator, between, pass);
    const start = snapshot(discriminator.trainable);
    const directions = new Map([...start].map(([path, values]) => [path, randomValues(values.length, path)]));
    const penaltyAt = (distance: number) => {
      for (const [path, variable] of discriminator.trainable) {
        const direction = directions.get(path) as Float32Array;
        const moved = (start.get(path) as Float32Array).map((value, i) => value + distance * (direction[i] as number));
        tidy(() => variable.assign(tensor(moved, variable.shape) as Variable));
      }
      return penalize().dataSync()[0] as number;
    };
    const numeric = (penaltyAt(3e-4) - penaltyAt(-3e-4)) / 6e-4;
    expect(penaltyAt(0)).toBeGreaterThan(0);
    const { grads } = variableGrads(penalize, [...discriminator.trainable.values()]);
    let analytic = 0;
    for (const [path, { name }] of discriminator.trainable) {
      const gradient = grads[name]?.dataSync() ?? [];
      analytic += (directions.get(path) as Float32Array).reduce((sum, v, i) => sum + v * (gradient[i] ?? 0), 0);
    }
    expect(Math.abs(analytic / numeric - 1)).toBeLessThan(0.03);
  });
});
