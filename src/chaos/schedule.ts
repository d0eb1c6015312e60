import { createDice } from './dice.js';

/** A fault and its time. */
export interface ScheduledFault<Name extends string = string> {
  /** Milliseconds since the beginning of the run. */
  readonly atMs: number;
  readonly fault: Name;
  /** A number in [0, 1) for what the fault itself leaves to chance, such as which bit is flipped. */
  readonly dice: number;
}

export interface ScheduleOptions<Name extends string> {
  /** The same seed, faults and mean give the same schedule everywhere. */
  readonly seed: number;
  readonly faults: readonly [Name, ...Name[]];
  /** Mean of the time between faults; the times are exponentially distributed, as those of independent failures. */
  readonly meanTimeBetweenMs: number;
}

/**
 * Draws faults without end, in the order of their times. Every fault of the list comes once, in random order, before any comes
 * again: so a short campaign tries all of them. Pure.
 */
export function* drawFaults<Name extends string>(
  options: ScheduleOptions<Name>,
): Generator<ScheduledFault<Name>, never> {
  const { seed, faults, meanTimeBetweenMs } = options;
  const uniform = createDice(seed, 'faults');
  let atMs = 0;
  let bag: Name[] = [];
  for (;;) {
    // 1 − u is in (0, 1]: its logarithm is finite.
    atMs += -Math.log(1 - uniform()) * meanTimeBetweenMs;
    if (bag.length === 0) bag = [...faults];
    const [fault = faults[0]] = bag.splice(Math.floor(uniform() * bag.length), 1);
    yield { atMs, fault, dice: uniform() };
  }
}

/** The faults of the first `lengthMs` milliseconds. */
export function planFaults<Name extends string>(
  options: ScheduleOptions<Name> & { readonly lengthMs: number },
): ScheduledFault<Name>[] {
  const planned: ScheduledFault<Name>[] = [];
  for (const next of drawFaults(options)) {
    if (next.atMs >= options.lengthMs) break;
    planned.push(next);
  }
  return planned;
}
