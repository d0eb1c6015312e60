/** How one part of two runs compares. */
export interface Finding {
  /** What was compared: `weights`, `metrics`. */
  readonly part: string;
  readonly verdict: 'identical' | 'within' | 'different' | 'unknown';
  /** The first difference, or what was compared, or why nothing could be. */
  readonly detail: string;
  /** Largest absolute difference of a number; 0 when identical, Infinity for what is no number. */
  readonly distance: number;
}

/** What differs in one part, in the order of training. */
export interface PartDifference {
  readonly what: string;
  readonly distance: number;
}

/** Makes the finding of a part from what was compared and what differs, the first one first. */
export function judgePart(
  part: string,
  compared: string,
  differences: readonly PartDifference[],
  tolerance: number,
): Finding {
  const [first] = differences;
  if (first === undefined) return { part, verdict: 'identical', detail: compared, distance: 0 };
  const distance = Math.max(...differences.map((one) => one.distance));
  const more = differences.length > 1 ? ` (and ${differences.length - 1} more)` : '';
  return { part, verdict: distance <= tolerance ? 'within' : 'different', detail: `${first.what}${more}`, distance };
}

/** A part that cannot be compared. */
export function unknownPart(part: string, detail: string): Finding {
  return { part, verdict: 'unknown', detail, distance: 0 };
}

/** Differences of two values by key, deep; keys in `ignored` are left out at every level. */
export function* diffValues(left: unknown, right: unknown, where: string, ignored: RegExp): Generator<PartDifference> {
  if (Object.is(left, right)) return;
  if (isRecord(left) && isRecord(right)) {
    for (const key of new Set([...Object.keys(left), ...Object.keys(right)]))
      if (!ignored.test(key)) yield* diffValues(left[key], right[key], where === '' ? key : `${where}.${key}`, ignored);
    return;
  }
  const areNumbers = typeof left === 'number' && typeof right === 'number';
  const apart = areNumbers ? Math.abs(left - right) : Number.POSITIVE_INFINITY;
  yield {
    what: `${where}: ${show(left)} ≠ ${show(right)}`,
    distance: Number.isNaN(apart) ? Number.POSITIVE_INFINITY : apart,
  };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function show(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value);
}
