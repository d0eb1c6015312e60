import { createHash } from 'node:crypto';
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus';

/** A stream of random numbers (xoroshiro128+, Blackman and Vigna 2018). The same state gives the same numbers everywhere. */
export interface Random {
  /** A number in [low, high), by default [0, 1), with 53 random bits. */
  readonly uniform: (low?: number, high?: number) => number;
  /** A normally distributed number. */
  readonly normal: (mean?: number, standardDeviation?: number) => number;
  /** A whole number in [low, high], both included. */
  readonly integer: (low: number, high: number) => number;
  /** Shuffles in place (Fisher–Yates) and returns the same array. */
  readonly shuffle: <Items extends { length: number; [index: number]: unknown }>(items: Items) => Items;
  /** Four 32-bit integers from which {@link restoreRandom} continues the stream. */
  readonly getState: () => readonly number[];
}

/**
 * Starts the stream that belongs to a seed and labels, e.g. `createRandom(42, 'order', epoch)`. Streams of different labels
 * are independent: their states are SHA-256 digests.
 */
export function createRandom(seed: number, ...labels: readonly (string | number)[]): Random {
  const digest = createHash('sha256')
    .update(JSON.stringify([seed, ...labels]))
    .digest();
  return restoreRandom([0, 4, 8, 12].map((offset) => digest.readInt32LE(offset)));
}

/** Continues a stream from a state taken by `getState`. */
export function restoreRandom(state: readonly number[]): Random {
  const generator = xoroshiro128plusFromState(state);
  const uniform = (low = 0, high = 1) => low + (high - low) * uniformFloat64(generator);
  const integer = (low: number, high: number) => uniformInt(generator, low, high);
  return {
    uniform,
    integer,
    // Box–Muller; its second number is thrown away so that the generator's state is the whole state.
    normal: (mean = 0, standardDeviation = 1) =>
      mean + standardDeviation * Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
    shuffle: (items) => {
      for (let last = items.length - 1; last > 0; last--) {
        const other = integer(0, last);
        [items[last], items[other]] = [items[other], items[last]];
      }
      return items;
    },
    getState: () => [...generator.getState()],
  };
}
