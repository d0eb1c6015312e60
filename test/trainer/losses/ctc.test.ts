import type { Tensor3D } from '@tensorflow/tfjs-core';
import { grad, grads, memory, scalar, tensor3d, tidy } from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { ctcLoss } from '../../../src/trainer/losses/index.js';
import { backends, centralDifferences, expectClose, randomValues, useBackend } from '../numeric.js';

/** −log of the summed probability of every alignment that spells the labels, each of the classes^steps tried in turn. */
function bruteForce(logits: number[], classes: number, labels: number[]): number {
  const steps = logits.length / classes;
  const logProbabilities = Array.from({ length: steps }, (_, step) =>
    logSoftmax(logits.slice(step * classes, (step + 1) * classes)),
  );
  let total = 0;
  for (let number = 0; number < classes ** steps; number++) {
    const path = Array.from({ length: steps }, (_, step) => Math.floor(number / classes ** step) % classes);
    if (spell(path, classes - 1).join() !== labels.join()) continue;
    total += Math.exp(path.reduce((sum, label, step) => sum + (logProbabilities[step]?.[label] as number), 0));
  }
  return -Math.log(total);
}

/** What an alignment spells: repeats merged, then blanks dropped. */
function spell(path: number[], blank: number): number[] {
  return path.filter((label, i) => label !== path[i - 1]).filter((label) => label !== blank);
}

function logSoftmax(scores: number[]): number[] {
  const offset = Math.log(scores.reduce((sum, score) => sum + Math.exp(score), 0));
  return scores.map((score) => score - offset);
}

const logitsOf = (shape: [number, number, number], label = 'logits', scale = 2) =>
  tensor3d(
    randomValues(shape[0] * shape[1] * shape[2], label).map((value) => scale * value),
    shape,
  );
const gradientOf = (logits: Tensor3D, labels: Int32Array[], clipMax?: number) =>
  grad((x) => ctcLoss(x as Tensor3D, labels, clipMax))(logits);

describe.each(backends)('CTC on %s', (backend) => {
  useBackend(backend);

  test.each([
    ['one character', 4, 3, [0]],
    ['two characters', 5, 3, [1, 0]],
    ['a repeated character', 5, 3, [1, 1]],
    ['repeats among others', 6, 3, [0, 0, 1]],
    ['as many steps as it needs', 3, 4, [2, 0, 1]],
    ['repeats that need every step', 5, 2, [0, 0, 0]],
    ['no characters', 4, 3, []],
    ['a single step', 1, 3, [1]],
    ['no characters in a single step', 1, 3, []],
  ])('%s: value and gradient as the sum over all alignments', (_, steps, classes, label) => {
    const logits = logitsOf([1, steps, classes]);
    const values = [...logits.dataSync()];
    const evaluate = () => bruteForce(values, classes, label);
    const labels = [Int32Array.from(label)];
    expectClose(ctcLoss(logits, labels).dataSync(), [evaluate()], 1e-5);
    expectClose(gradientOf(logits, labels).dataSync(), centralDifferences(evaluate, values), 1e-5);
  });

  test('the loss of a batch is the mean of its lines', () => {
    const [steps, classes] = [5, 3];
    const logits = logitsOf([3, steps, classes]);
    const labels = [[0, 1], [1, 1], []];
    const values = [...logits.dataSync()];
    const evaluate = () =>
      labels.reduce(
        (sum, label, line) => sum + bruteForce(values.slice(line * 15, (line + 1) * 15), classes, label) / 3,
        0,
      );
    const arrays = labels.map((label) => Int32Array.from(label));
    expectClose(ctcLoss(logits, arrays).dataSync(), [evaluate()], 1e-5);
    expectClose(gradientOf(logits, arrays).dataSync(), centralDifferences(evaluate, values), 1e-5);
  });

  test.each([
    ['longer than the steps', [0, 1, 0, 1]],
    ['too long because of its repeats', [0, 0]],
  ])('a label %s adds nothing, and the rest of the batch stays as it is', (_, label) => {
    const steps = label.length === 2 ? 2 : 3;
    const logits = logitsOf([2, steps, 3]);
    const size = steps * 3;
    const good = Int32Array.of(1);
    const alone = tensor3d(logits.dataSync().slice(size), [1, steps, 3]);
    const labels = [Int32Array.from(label), good];
    const expected = (ctcLoss(alone, [good]).dataSync()[0] as number) / 2;
    expect(ctcLoss(logits, labels).dataSync()[0]).toBeCloseTo(expected, 6);
    const gradient = [...gradientOf(logits, labels).dataSync()];
    expect(gradient.slice(0, size).map(Math.abs)).toEqual(new Array(size).fill(0));
    expectClose(
      gradient.slice(size),
      [...gradientOf(alone, [good]).dataSync()].map((value) => value / 2),
      1e-6,
    );
  });

  test('a mean above the ceiling counts as the ceiling and has no gradient; one below is untouched', () => {
    const logits = logitsOf([2, 6, 4], 'steep', 60);
    const labels = [Int32Array.of(0, 1), Int32Array.of(2)];
    const unclipped = ctcLoss(logits, labels).dataSync()[0] as number;
    expect(unclipped).toBeGreaterThan(40);
    expect(ctcLoss(logits, labels, 40).dataSync()[0]).toBe(40);
    expect([...gradientOf(logits, labels, 40).dataSync()].map(Math.abs)).toEqual(new Array(48).fill(0));
    expect(ctcLoss(logits, labels, 300).dataSync()[0]).toBe(unclipped);
    expect(gradientOf(logits, labels, 300).dataSync()).toEqual(gradientOf(logits, labels).dataSync());
  });

  test('enormous logits overflow nowhere', () => {
    const logits = tensor3d([1e4, -1e4, 0, -1e4, 1e4, 0], [1, 2, 3]);
    expect(ctcLoss(logits, [Int32Array.of(0, 1)]).dataSync()[0]).toBe(0);
    expect(ctcLoss(logits, [Int32Array.of(1, 0)]).dataSync()[0]).toBe(40_000);
    expectClose(gradientOf(logits, [Int32Array.of(1, 0)]).dataSync(), [1, -1, 0, -1, 1, 0], 1e-6);
  });

  test('the gradient is scaled by what follows the loss', () => {
    const logits = logitsOf([1, 4, 3]);
    const labels = [Int32Array.of(1)];
    const [scaled] = grads((x) => ctcLoss(x as Tensor3D, labels))([logits], scalar(3));
    expectClose(
      scaled?.dataSync() ?? [],
      [...gradientOf(logits, labels).dataSync()].map((value) => 3 * value),
      1e-6,
    );
  });

  test('as many labels as lines, and nothing outlives the scope', () => {
    const logits = logitsOf([2, 3, 3]);
    expect(() => ctcLoss(logits, [Int32Array.of(1)])).toThrow('1 labels for 2 lines');
    const before = memory().numTensors;
    const labels = [Int32Array.of(1), Int32Array.of(0)];
    tidy(() => [gradientOf(logits, labels), ctcLoss(logits, labels)].length);
    expect(memory().numTensors).toBe(before);
  });
});
