import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus';

/** A stream of numbers in [0, 1). The same seed gives the same numbers everywhere. */
export type Random = () => number;

/** Starts the stream of a seed; streams of different numbers of one seed are independent. */
export function createRandom(seed: number, stream = 0): Random {
  const next = splitMix(Math.imul(seed, 0x9e3779b1) ^ Math.imul(stream, 0x85ebca77));
  const generator = xoroshiro128plusFromState([next(), next(), next(), next()]);
  return () => uniformFloat64(generator);
}

/** Spreads a seed over many bits, so that seeds that follow each other have nothing in common (SplitMix, Steele et al. 2014). */
function splitMix(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return mixed ^ (mixed >>> 15);
  };
}

/** How long a machine works between two failures: the mean, and the shape of a Weibull distribution. */
export interface Lifetime {
  readonly meanSecs: number;
  /** 1 is the exponential distribution (failures without memory); below 1 they come in bursts. */
  readonly shape: number;
}

/** Draws a lifetime (seconds) by inversion of the Weibull distribution. */
export function drawLifetime({ meanSecs, shape }: Lifetime, random: Random): number {
  const scale = meanSecs / gamma(1 + 1 / shape);
  return scale * (-Math.log1p(-random())) ** (1 / shape);
}

/** Γ(x) for x ≥ 1. Source: C. Lanczos, A Precision Approximation of the Gamma Function (1964), with g = 7 and nine terms. */
function gamma(x: number): number {
  const sum = lanczosTerms.reduce((total, term, index) => total + term / (x + index), lanczosFirst);
  const base = x + 6.5;
  return Math.sqrt(2 * Math.PI) * base ** (x - 0.5) * Math.exp(-base) * sum;
}

const lanczosFirst = 0.99999999999980993;
const lanczosTerms = [
  676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059, 12.507343278686905,
  -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
];
