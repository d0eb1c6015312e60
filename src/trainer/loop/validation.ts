import { characterErrorRate, psnr, restorationScore, ssim, wordErrorRate } from '../metrics/index.js';
import type { ValidationMetrics } from './best-score.js';

/** Images of one size, N × height × width, float32 in [0, 1]. */
export interface ImageStack {
  readonly pixels: Float32Array;
  readonly width: number;
  readonly height: number;
}

/** Scores images against clean ones: mean PSNR (dB) and SSIM over the lines, CER and WER (fractions) of what is read in them. */
export function scoreImages(
  images: ImageStack,
  clean: Float32Array,
  read: readonly string[],
  texts: readonly string[],
  cerWeight: number,
): ValidationMetrics {
  const cer = characterErrorRate(read, texts);
  const meanPsnr = meanOverLines(images, clean, psnr);
  return {
    psnr: meanPsnr,
    ssim: meanOverLines(images, clean, (image, target) => ssim(image, target, images.width, images.height)),
    cer,
    wer: wordErrorRate(read, texts),
    score: restorationScore(meanPsnr, cer, cerWeight),
  };
}

function meanOverLines(
  { pixels, width, height }: ImageStack,
  clean: Float32Array,
  measure: (image: Float32Array, target: Float32Array) => number,
): number {
  const size = width * height;
  const count = pixels.length / size;
  let total = 0;
  for (let line = 0; line < count; line++) {
    const part = [line * size, (line + 1) * size] as const;
    total += measure(pixels.subarray(...part), clean.subarray(...part));
  }
  return total / count;
}
