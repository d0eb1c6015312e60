import { fileURLToPath } from 'node:url';
import { agingEffects } from '../../../src/trainer/handwriting/age-line.js';
import type { HandwritingSpec } from '../../../src/trainer/handwriting/index.js';

/** A handwriting font (OFL) in the format that opentype.js reads. */
export const caveat = fileURLToPath(
  new URL('../../../node_modules/@fontsource/caveat/files/caveat-latin-400-normal.woff', import.meta.url),
);

export function specWith(changes: Partial<HandwritingSpec> = {}): HandwritingSpec {
  const usual = { seed: 7, width: 256, height: 64, fonts: [caveat], text: undefined, digits: [4, 8] as const };
  return { ...usual, effects: agingEffects, severity: 1, ...changes };
}
