import { characterErrorRate, psnr, restorationScore, ssim, wordErrorRate } from '../metrics/index.js';
import type { ValidationMetrics } from './best-score.js';

/** Scores images against clean ones as they come. */
export interface Score {
  /** Takes N images of height × width, float32 in [0, 1], the clean ones, what is read in them, and what is on them. */
  readonly add: (images: Float32Array, clean: Float32Array, read: readonly string[], texts: readonly string[]) => void;
  /** Mean PSNR (dB) and SSIM over the lines, CER and WER (fractions) over all that was read. */
  readonly metrics: () => ValidationMetrics;
}

/** Starts a score of images of one size. */
export function createScore({ width, height }: { width: number; height: number }, cerWeight: number): Score {
  const size = width * height;
  const sums = { psnr: 0, ssim: 0 };
  const [allRead, allTexts]: [string[], string[]] = [[], []];
  return {
    add: (images, clean, read, texts) => {
      for (let start = 0; start < images.length; start += size) {
        const [image, target] = [images, clean].map((all) => all.subarray(start, start + size));
        sums.psnr += psnr(image as Float32Array, target as Float32Array);
        sums.ssim += ssim(image as Float32Array, target as Float32Array, width, height);
      }
      allRead.push(...read);
      allTexts.push(...texts);
    },
    metrics: () => {
      const cer = characterErrorRate(allRead, allTexts);
      const meanPsnr = sums.psnr / allTexts.length;
      return {
        psnr: meanPsnr,
        ssim: sums.ssim / allTexts.length,
        cer,
        wer: wordErrorRate(allRead, allTexts),
        score: restorationScore(meanPsnr, cer, cerWeight),
      };
    },
  };
}
