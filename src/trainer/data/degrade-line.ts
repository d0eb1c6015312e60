import type { Random } from '../random/random.js';
import { createPlane, gaussianBlur, type Plane, smoothField } from './plane.js';
import { addStain } from './stain.js';

/** Line height that the sizes below are given for; other heights scale them. */
const referenceHeight = 32;

/**
 * Ages a line: uneven paper, fading ink, the reverse side bleeding through (mirrored, blurred, patchy), stains, blur, grain
 * and specks. `ink` and `reverseInk` are 0 … 1; returns brightness, 0 black to 1 white.
 */
export function degradeLine(random: Random, ink: Plane, reverseInk: Plane): Plane {
  const unit = ink.height / referenceHeight;
  const absorbed = stainsOnPaper(random, ink.width, ink.height, unit);
  const page = unevenPaper(random, ink.width, ink.height, unit);
  const ghost = bleedThrough(random, reverseInk, unit);
  const fading = fadingInk(random, ink, unit);
  for (let i = 0; i < page.values.length; i++) {
    const kept =
      (1 - (fading.values[i] as number)) * (1 - (ghost.values[i] as number)) * (1 - (absorbed.values[i] as number));
    page.values[i] = (page.values[i] as number) * kept;
  }
  const blurred = gaussianBlur(page, unit * random.uniform(0.45, 1.05));
  addNoise(random, blurred);
  return blurred;
}

/** Brightness of the bare paper: a tone, broad shadows and a fine mottling. */
export function unevenPaper(random: Random, width: number, height: number, unit: number): Plane {
  const tone = random.uniform(0.82, 0.96);
  const [shadow, mottling] = [random.uniform(0.03, 0.2), random.uniform(0.03, 0.1)];
  const broad = smoothField(random, width, height, 40 * unit);
  const fine = smoothField(random, width, height, 3 * unit);
  for (let i = 0; i < broad.values.length; i++) {
    const darkening = shadow * (broad.values[i] as number) + mottling * ((fine.values[i] as number) - 0.5);
    broad.values[i] = tone * (1 - darkening);
  }
  return broad;
}

/** How much light the ink takes: it has faded unevenly, in places almost to nothing. */
export function fadingInk(random: Random, ink: Plane, unit: number): Plane {
  const [faint, strong] = [random.uniform(0.25, 0.5), random.uniform(0.75, 0.95)];
  const field = smoothField(random, ink.width, ink.height, random.uniform(10, 30) * unit);
  for (let i = 0; i < field.values.length; i++) {
    field.values[i] = (ink.values[i] as number) * (faint + (strong - faint) * (field.values[i] as number));
  }
  return field;
}

/** How much light the writing on the reverse takes: mirrored, as it is seen through the paper, and on lines of its own. */
export function bleedThrough(random: Random, reverseInk: Plane, unit: number): Plane {
  const strength = random.uniform(0.25, 0.6);
  const offset = Math.round(reverseInk.height * random.uniform(-0.3, 0.3));
  const ghost = gaussianBlur(mirror(reverseInk, offset), unit * random.uniform(0.7, 1.3));
  const patches = smoothField(random, ghost.width, ghost.height, 24 * unit);
  for (let i = 0; i < ghost.values.length; i++) {
    ghost.values[i] = strength * (ghost.values[i] as number) * (0.4 + 0.6 * (patches.values[i] as number));
  }
  return ghost;
}

export function stainsOnPaper(random: Random, width: number, height: number, unit: number): Plane {
  const absorbed = createPlane(width, height);
  const edges = smoothField(random, width, height, 8 * unit);
  for (let count = random.integer(1, 2); count > 0; count--) addStain(random, absorbed, edges);
  return absorbed;
}

/** Swaps left and right, and moves everything down by `offset` pixels (up when negative). */
function mirror({ width, height, values }: Plane, offset: number): Plane {
  const mirrored = createPlane(width, height);
  for (let y = Math.max(0, offset); y < Math.min(height, height + offset); y++) {
    const row = values.subarray((y - offset) * width, (y - offset + 1) * width);
    mirrored.values.set(row.toReversed(), y * width);
  }
  return mirrored;
}

/** Grain on every pixel, and dark or bright specks on a few; brightness stays in 0 … 1. */
export function addNoise(random: Random, { values }: Plane, severity = 1): void {
  const grain = severity * random.uniform(0.02, 0.07);
  const specks = severity * random.uniform(0, 0.012);
  for (let i = 0; i < values.length; i++) {
    const speck = random.uniform() < specks ? random.uniform(-0.5, 0.3) : 0;
    values[i] = Math.min(Math.max((values[i] as number) + random.normal(0, grain) + speck, 0), 1);
  }
}
