import { distance } from 'fastest-levenshtein';

/** Character error rate over all lines: edits needed ÷ characters of the references, as a fraction (may exceed 1). */
export function characterErrorRate(predictions: readonly string[], references: readonly string[]): number {
  return errorRate(predictions, references, (text) => [...text]);
}

/** Word error rate over all lines: the same with words, which are separated by white space. */
export function wordErrorRate(predictions: readonly string[], references: readonly string[]): number {
  return errorRate(predictions, references, (text) => text.split(/\s+/).filter((word) => word !== ''));
}

/** The score that decides which model is best: PSNR (dB) − cerWeight · CER (fraction) · 100. */
export function restorationScore(psnr: number, cer: number, cerWeight: number): number {
  return psnr - cerWeight * cer * 100;
}

function errorRate(
  predictions: readonly string[],
  references: readonly string[],
  split: (text: string) => string[],
): number {
  if (predictions.length !== references.length) throw new RangeError('one prediction for each reference');
  let edits = 0;
  let length = 0;
  for (const [index, reference] of references.entries()) {
    const expected = split(reference);
    edits += editDistance(split(predictions[index] ?? ''), expected);
    length += expected.length;
  }
  return edits / Math.max(length, 1);
}

/** Edits between two sequences of tokens; each distinct token becomes one UTF-16 unit, which the library compares. */
function editDistance(left: readonly string[], right: readonly string[]): number {
  const units = new Map<string, string>();
  const spell = (tokens: readonly string[]) =>
    tokens
      .map((token) => {
        const unit = units.get(token) ?? String.fromCharCode(units.size);
        units.set(token, unit);
        return unit;
      })
      .join('');
  return distance(spell(left), spell(right));
}
