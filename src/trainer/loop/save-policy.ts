/** When a checkpoint inside an epoch is due. */
export type SavePolicy =
  | { readonly kind: 'epoch' }
  | { readonly kind: 'auto' }
  | { readonly kind: 'secs'; readonly secs: number }
  | { readonly kind: 'steps'; readonly steps: number };

/** What saving has cost so far, and how often the run fails. */
export interface SaveCosts {
  /** Time that a save keeps the training waiting, and the whole time until it is on disk. */
  readonly stallSecs: number;
  readonly durationSecs: number;
  /** Mean time between failures. */
  readonly mtbfSecs: number;
}

const unitSecs: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, min: 60, h: 3600 };

/** Reads `epoch`, `auto`, a duration such as `30s`, or steps such as `200 steps`; undefined for anything else. */
export function parseSavePolicy(text: string): SavePolicy | undefined {
  const words = text.trim().toLowerCase();
  if (words === 'epoch' || words === 'auto') return { kind: words };
  const [, amount, unit = ''] = /^(\d+(?:\.\d+)?)\s*(ms|s|min|m|h|steps?)$/.exec(words) ?? [];
  if (amount === undefined || Number(amount) <= 0) return undefined;
  if (unit.startsWith('step'))
    return Number.isInteger(Number(amount)) ? { kind: 'steps', steps: Number(amount) } : undefined;
  return { kind: 'secs', secs: Number(amount) * (unitSecs[unit] ?? 1) };
}

/** The stall may take this share of the training at most, and the writing this share of the disk's time … */
const mostStallShare = 0.01;
const mostWritingShare = 0.1;
/** … unless failures are more frequent than that: then it is the lost work that is the burden. */
const frequentSecs = 3600;
const leastAutoSecs = 0.25;

/**
 * The interval that loses least: √(2 · cost · mean time between failures), but never so short that stalls or writing become
 * a burden. Source: J. T. Daly, A higher order estimate of the optimum checkpoint interval (2006), first order; J. W. Young (1974).
 */
export function autoIntervalSecs({ stallSecs, durationSecs, mtbfSecs }: SaveCosts): number {
  const best = Math.max(leastAutoSecs, Math.sqrt(2 * stallSecs * mtbfSecs));
  return mtbfSecs < frequentSecs
    ? Math.max(best, durationSecs)
    : Math.max(best, stallSecs / mostStallShare, durationSecs / mostWritingShare);
}

/** Whether a checkpoint is due `secs` and `steps` after the last one. */
export function isSaveDue(policy: SavePolicy, secs: number, steps: number, costs: SaveCosts): boolean {
  switch (policy.kind) {
    case 'epoch':
      return false;
    case 'steps':
      return steps >= policy.steps;
    case 'secs':
      return secs >= policy.secs;
    case 'auto':
      return secs >= autoIntervalSecs(costs);
  }
}
