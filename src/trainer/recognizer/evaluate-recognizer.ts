import { tensor4d, tidy } from '@tensorflow/tfjs-core';
import { characterErrorRate } from '../metrics/index.js';
import type { FrozenRecognizer } from '../models/index.js';
import { decodeLinesAsync } from '../models/text.js';
import type { RecognizerLines } from './recognizer-lines.js';

const batchSize = 32;

/** Character error rate, as a fraction, on the first `count` lines that were never trained on. */
export async function evaluateRecognizer(
  recognizer: FrozenRecognizer,
  lines: Pick<RecognizerLines, 'width' | 'height' | 'charset' | 'unseen'>,
  count: number,
  kind: 'clean' | 'degraded',
): Promise<number> {
  const read: string[] = [];
  const written: string[] = [];
  for (let first = 0; first < count; first += batchSize) {
    const { pixels, labels } = await lines.unseen(first, Math.min(batchSize, count - first), kind);
    const logits = tidy(() => {
      const images = tensor4d(pixels, [labels.length, lines.height, lines.width, 1]);
      return recognizer.logits(recognizer.features(images));
    });
    read.push(...(await decodeLinesAsync(logits)).map(lines.charset.decode));
    written.push(...labels.map(lines.charset.decode));
    logits.dispose();
  }
  return characterErrorRate(read, written);
}
