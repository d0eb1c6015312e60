import { describe, expect, test } from 'vitest';
import {
  characterErrorRate,
  greedyDecode,
  restorationScore,
  wordErrorRate,
} from '../../../src/trainer/metrics/index.js';

describe('error rates', () => {
  test.each([
    [['1234'], ['1234'], 0],
    [['1235'], ['1234'], 1 / 4],
    [['124'], ['1234'], 1 / 4],
    [['12834'], ['1234'], 1 / 4],
    [[''], ['1234'], 1],
    [['99999999'], ['1234'], 2],
    [['kitten'], ['sitting'], 3 / 7],
    [['1', '22'], ['1', '11'], 2 / 3],
    [['a😀c'], ['a😎c'], 1 / 3],
    [[''], [''], 0],
    [['12'], [''], 2],
    [[], [], 0],
  ])('CER of %j against %j is %d', (predictions, references, rate) => {
    expect(characterErrorRate(predictions, references)).toBeCloseTo(rate, 12);
  });

  test.each([
    [['the cat sat'], ['the cat sat'], 0],
    [['the cat'], ['the cat sat'], 1 / 3],
    [['a  the bat sat '], ['the cat sat'], 2 / 3],
    [['1234', '99'], ['1234', '98'], 1 / 2],
    [[' '], [''], 0],
  ])('WER of %j against %j is %d', (predictions, references, rate) => {
    expect(wordErrorRate(predictions, references)).toBeCloseTo(rate, 12);
  });

  test('needs one prediction for each reference', () => {
    expect(() => characterErrorRate(['1'], [])).toThrow(RangeError);
  });
});

describe('greedy CTC decoding', () => {
  /** Logits whose best class at each step is given. */
  const path = (classes: number, best: readonly number[]) =>
    Float32Array.from(
      best.flatMap((winner) => Array.from({ length: classes }, (_, i) => (i === winner ? -0.5 : -1 - i))),
    );

  test.each([
    [
      [3, 3, 1],
      [3, 1],
    ],
    [
      [3, 4, 3],
      [3, 3],
    ],
    [[4, 4, 4], []],
    [
      [0, 0, 4, 4, 0, 1, 1, 4],
      [0, 0, 1],
    ],
    [[], []],
  ])('%j with blank 4 reads %j', (best, labels) => {
    expect(greedyDecode(path(5, best), 5)).toEqual(labels);
  });

  test('another blank, and logits that are no whole steps', () => {
    expect(greedyDecode(path(5, [0, 2, 0, 2, 4]), 5, 0)).toEqual([2, 2, 4]);
    expect(() => greedyDecode(new Float32Array(7), 5)).toThrow(RangeError);
  });
});

test('the score takes the weighted CER in percent from the PSNR', () => {
  expect(restorationScore(20, 0.1, 0.5)).toBeCloseTo(15, 12);
});
