import { characterErrorRate, restorationScore, wordErrorRate } from '../metrics/index.js';

/** What one line scored: restored, and before that as `…Degraded`. PSNR in dB. */
export interface LineScore {
  readonly psnr: number;
  readonly ssim: number;
  readonly psnrDegraded: number;
  readonly ssimDegraded: number;
  /** What is written there. */
  readonly text: string;
  /** What the recognizer reads in the restored, the degraded and the clean line. */
  readonly read: string;
  readonly readDegraded: string;
  readonly readClean: string;
}

/** Mean PSNR (dB) and SSIM over the lines, CER and WER (fractions) over all characters and words together. */
export interface KindScore {
  readonly psnr: number | null;
  readonly ssim: number | null;
  readonly cer: number;
  readonly wer: number;
}

/** The score of a set, of its lines as they are, restored, and clean: no restoration can be expected to be read better. */
export interface SetScore {
  readonly lines: number;
  readonly degraded: KindScore;
  readonly restored: KindScore;
  readonly clean: KindScore;
  /** What training compares models by: PSNR − weight · CER · 100. */
  readonly score: number;
}

/** Puts the scores of lines together. */
export function summarizeScores(lines: readonly LineScore[], cerWeight: number): SetScore {
  const mean = (of: (line: LineScore) => number) => lines.reduce((sum, line) => sum + of(line), 0) / lines.length;
  const texts = lines.map(({ text }) => text);
  const errors = (reads: readonly string[]) => ({
    cer: characterErrorRate(reads, texts),
    wer: wordErrorRate(reads, texts),
  });
  const [meanPsnr, restoredErrors] = [mean(({ psnr }) => psnr), errors(lines.map(({ read }) => read))];
  return {
    lines: lines.length,
    degraded: {
      psnr: mean(({ psnrDegraded }) => psnrDegraded),
      ssim: mean(({ ssimDegraded }) => ssimDegraded),
      ...errors(lines.map(({ readDegraded }) => readDegraded)),
    },
    restored: { psnr: meanPsnr, ssim: mean(({ ssim }) => ssim), ...restoredErrors },
    clean: { psnr: null, ssim: null, ...errors(lines.map(({ readClean }) => readClean)) },
    score: restorationScore(meanPsnr, restoredErrors.cer, cerWeight),
  };
}
