import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { greedyDecode, psnr, ssim } from '../../../src/trainer/metrics/index.js';
import { createRandom } from '../../../src/trainer/random/random.js';
import { findTensorFlow, runTensorFlow } from '../../oracle/tensorflow.js';
import { temporaryFolder } from '../support.js';

const python = findTensorFlow() ?? '';
const wave = (width: number, height: number, phase: number) =>
  Float32Array.from(
    { length: width * height },
    (_, i) => 0.5 + 0.5 * Math.sin(phase + (i % width) / 3 + Math.floor(i / width) / 5),
  );

describe('PSNR and SSIM', () => {
  // tf.image.psnr and tf.image.ssim (max_val 1) of TensorFlow 2.21 for wave(w, h, 0) against wave(w, h, phase)
  test.each([
    [11, 11, 0.3, 19.702993, 0.970169],
    [24, 16, 1, 9.402129, 0.246435],
    [128, 32, 3, 3.032634, -0.512273],
  ])('%d × %d, phase %d: as TensorFlow computes them', (width, height, phase, expectedPsnr, expectedSsim) => {
    const [image, reference] = [wave(width, height, 0), wave(width, height, phase)];
    expect(psnr(image, reference)).toBeCloseTo(expectedPsnr, 4);
    expect(ssim(image, reference, width, height)).toBeCloseTo(expectedSsim, 4);
  });

  test('of equal images and of black against white', () => {
    const image = wave(20, 20, 0);
    expect(psnr(image, image)).toBe(Number.POSITIVE_INFINITY);
    expect(ssim(image, image, 20, 20)).toBeCloseTo(1, 12);
    const [black, white] = [new Float32Array(400), new Float32Array(400).fill(1)];
    expect(psnr(black, white)).toBe(0);
    expect(ssim(black, white, 20, 20)).toBeCloseTo(0, 3);
  });

  test('images of different or too small size are refused', () => {
    expect(() => psnr(new Float32Array(4), new Float32Array(5))).toThrow(RangeError);
    expect(() => ssim(new Float32Array(100), new Float32Array(100), 10, 10)).toThrow(RangeError);
    expect(() => ssim(new Float32Array(400), new Float32Array(400), 20, 21)).toThrow(RangeError);
  });

  test.skipIf(python === '')('random images: equal to TensorFlow to 1e-4, and so is greedy decoding', () => {
    const random = createRandom(1, 'metrics');
    const [width, height, classes] = [40, 24, 6];
    const noise = (length: number) => Array.from({ length }, () => Math.fround(random.uniform()));
    const near = (image: readonly number[]) =>
      image.map((value) => Math.fround(Math.min(1, value + random.uniform(0, 0.2))));
    const images = Array.from({ length: 6 }, () => noise(width * height));
    const references = images.map((image, i) => (i % 2 === 0 ? near(image) : noise(width * height)));
    const logits = noise(200 * classes);
    const path = join(temporaryFolder(), 'task.json');
    writeFileSync(path, JSON.stringify({ images, references, width, height, logits, classes }));
    const oracle: { psnr: number[]; ssim: number[]; decoded: number[] } = JSON.parse(
      runTensorFlow(python, 'image_metrics.py', path),
    );
    for (const [i, image] of images.entries()) {
      const pair = [Float32Array.from(image), Float32Array.from(references[i] ?? [])] as const;
      expect(Math.abs(psnr(...pair) - (oracle.psnr[i] ?? 0))).toBeLessThan(1e-4);
      expect(Math.abs(ssim(...pair, width, height) - (oracle.ssim[i] ?? 0))).toBeLessThan(1e-4);
    }
    expect(greedyDecode(Float32Array.from(logits), classes)).toEqual(oracle.decoded);
  });
});
