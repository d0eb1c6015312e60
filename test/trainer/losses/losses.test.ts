import type { Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import { grad, slice, tensor2d } from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import {
  adversarialLoss,
  contrastiveLoss,
  meanAbsoluteError,
  meanSquaredError,
} from '../../../src/trainer/losses/index.js';
import { sigmoid } from '../nn/references.js';
import { backends, expectAsReference, expectClose, randomTensor, useBackend } from '../numeric.js';

const mean = (values: number[]) => [values.reduce((sum, value) => sum + value, 0) / values.length];
const crossEntropy = (logit: number, target: number) =>
  -target * Math.log(sigmoid(logit)) - (1 - target) * Math.log(1 - sigmoid(logit));

describe.each(backends)('losses on %s', (backend) => {
  useBackend(backend);

  test.each([0, 0.9, 1])('adversarial loss of logits against %d', (target) => {
    const logits = randomTensor<Tensor2D>([6, 1], 'logits');
    expectAsReference(
      { logits },
      () => adversarialLoss(logits, target, 'bce'),
      (values) => mean(values.logits.map((logit) => crossEntropy(logit, target))),
    );
    expectAsReference(
      { logits },
      () => adversarialLoss(logits, target, 'lsgan'),
      (values) => mean(values.logits.map((logit) => (logit - target) ** 2)),
    );
  });

  test('with the real label 0.9 the loss is least at the logit log 9, not at infinity', () => {
    const slopeAt = (logit: number) =>
      grad((x) => adversarialLoss(x, 0.9, 'bce'))(tensor2d([[logit]])).dataSync()[0] as number;
    expect(slopeAt(Math.log(9))).toBeCloseTo(0, 6);
    expect(slopeAt(Math.log(9) - 1)).toBeLessThan(0);
    expect(slopeAt(Math.log(9) + 1)).toBeGreaterThan(0);
  });

  test('a very sure discriminator gives a finite loss and gradient', () => {
    const logits = tensor2d([[200], [-200]]);
    expect(adversarialLoss(logits, 0.9, 'bce').dataSync()[0]).toBeCloseTo((0.1 * 200 + 0.9 * 200) / 2, 3);
    expectClose(grad((x) => adversarialLoss(x, 0.9, 'bce'))(logits).dataSync(), [0.05, -0.45], 1e-6);
  });

  test('mean absolute and mean squared error: value, and gradient with respect to the first', () => {
    const actual = randomTensor<Tensor4D>([2, 3, 4, 2], 'actual');
    const expected = randomTensor<Tensor4D>([2, 3, 4, 2], 'expected');
    const differences = (values: number[]) => values.map((value, i) => value - (expected.dataSync()[i] as number));
    expectAsReference(
      { actual },
      () => meanAbsoluteError(actual, expected),
      (values) => mean(differences(values.actual).map(Math.abs)),
    );
    expectAsReference(
      { actual },
      () => meanSquaredError(actual, expected),
      (values) => mean(differences(values.actual).map((value) => value ** 2)),
    );
  });

  test('contrastive loss: the cross-entropy of cosine similarities, and its gradient', () => {
    const restored = randomTensor<Tensor4D>([3, 2, 4, 2], 'restored');
    const clean = randomTensor<Tensor4D>([3, 2, 4, 2], 'clean');
    const lines = (values: ArrayLike<number>) =>
      [0, 1, 2].map((line) => Array.from({ length: 16 }, (_, i) => values[line * 16 + i] as number));
    const dot = (a: number[], b: number[]) => a.reduce((sum, value, i) => sum + value * (b[i] as number), 0);
    const theirs = lines(clean.dataSync());
    expectAsReference(
      { restored },
      () => contrastiveLoss(restored, clean, 0.2),
      ({ restored: values }) => {
        const losses = lines(values).map((own, line) => {
          const likeness = theirs.map((other) => dot(own, other) / Math.sqrt(dot(own, own) * dot(other, other)) / 0.2);
          return Math.log(likeness.reduce((sum, one) => sum + Math.exp(one), 0)) - (likeness[line] as number);
        });
        return mean(losses);
      },
    );
    expect(contrastiveLoss(slice(restored, 0, 1), slice(clean, 0, 1), 0.2).dataSync()[0]).toBeCloseTo(0, 12);
  });

  test('equal images: no error, and no gradient', () => {
    const image = randomTensor<Tensor4D>([1, 2, 2, 1], 'image');
    for (const loss of [meanAbsoluteError, meanSquaredError]) {
      expect(loss(image, image).dataSync()[0]).toBe(0);
      const gradient = grad((x) => loss(x, image.clone()))(image).dataSync();
      expect([...gradient].map(Math.abs)).toEqual([0, 0, 0, 0]);
    }
  });
});
