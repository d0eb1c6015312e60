import { tensor4d, tidy } from '@tensorflow/tfjs-core';
import type { LineSpec } from '../data/index.js';
import { characterErrorRate } from '../metrics/index.js';
import type { FrozenRecognizer } from '../models/index.js';
import { decodeLinesAsync } from '../models/text.js';
import { unseenLines } from './training-lines.js';

const batchSize = 32;

/** Character error rate, as a fraction, on `count` lines of digits that were never trained on. */
export async function evaluateRecognizer(
  recognizer: FrozenRecognizer,
  spec: LineSpec,
  count: number,
  kind: 'clean' | 'degraded',
): Promise<number> {
  const read: string[] = [];
  const written: string[] = [];
  for (let first = 0; first < count; first += batchSize) {
    const { pixels, labels } = unseenLines(spec, first, Math.min(batchSize, count - first), kind);
    const logits = tidy(() => {
      const images = tensor4d(pixels, [labels.length, spec.height, spec.width, 1]);
      return recognizer.logits(recognizer.features(images));
    });
    read.push(...(await decodeLinesAsync(logits)).map(toText));
    written.push(...labels.map(toText));
    logits.dispose();
  }
  return characterErrorRate(read, written);
}

/** Digits' labels are the digits themselves. */
function toText(labels: Int32Array): string {
  return labels.join('');
}
