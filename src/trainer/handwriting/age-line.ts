import { addNoise, bleedThrough, fadingInk, stainsOnPaper, unevenPaper } from '../data/degrade-line.js';
import { createPlane, gaussianBlur, type Plane } from '../data/plane.js';
import type { Random } from '../random/random.js';
import { addCreases } from './creases.js';
import { bleedInk } from './ink-bleed.js';

/** What can happen to a line on old paper. */
export const agingEffects = [
  'ink-bleed',
  'fading',
  'bleed-through',
  'stains',
  'paper',
  'creases',
  'blur',
  'noise',
] as const;

export type AgingEffect = (typeof agingEffects)[number];

export interface Aging {
  readonly effects: ReadonlySet<AgingEffect>;
  /** 0 leaves the line nearly as it is, 1 is usual, 2 is hard to read. */
  readonly severity: number;
}

/** Line height that sizes are given for; other heights scale them. */
const referenceHeight = 32;

/**
 * Ages a line. `ink` and `reverseInk` (what is written on the other side) are 0 … 1; returns brightness, 0 black to 1 white. Each
 * effect has random numbers of its own, so that leaving one out changes nothing about the others.
 */
export function ageLine(
  randomOf: (effect: AgingEffect) => Random,
  ink: Plane,
  reverseInk: Plane,
  { effects, severity }: Aging,
): Plane {
  const { width, height } = ink;
  const unit = height / referenceHeight;
  const has = (effect: AgingEffect) => effects.has(effect) && severity > 0;
  const nothing = createPlane(width, height);
  const written = has('ink-bleed') ? bleedInk(randomOf('ink-bleed'), ink, unit, severity) : ink;
  const faded = has('fading') ? weaken(written, fadingInk(randomOf('fading'), written, unit), severity) : written;
  const ghost = has('bleed-through') ? bleedThrough(randomOf('bleed-through'), reverseInk, unit) : nothing;
  const stains = has('stains') ? stainsOnPaper(randomOf('stains'), width, height, unit) : nothing;
  const page = has('paper') ? unevenPaper(randomOf('paper'), width, height, unit) : fill(nothing, 1);
  const aged = createPlane(width, height);
  for (let i = 0; i < aged.values.length; i++) {
    const paper = 1 - Math.min(1, severity * (1 - (page.values[i] as number)));
    const kept = (plane: Plane) => 1 - Math.min(1, severity * (plane.values[i] as number));
    // Real ink is never as black as the clean line.
    aged.values[i] = paper * (1 - 0.96 * (faded.values[i] as number)) * kept(ghost) * kept(stains);
  }
  if (has('creases')) addCreases(randomOf('creases'), aged, unit, severity);
  const softened = has('blur') ? gaussianBlur(aged, severity * unit * randomOf('blur').uniform(0.3, 0.8)) : aged;
  if (has('noise')) addNoise(randomOf('noise'), softened, severity);
  return softened;
}

/** Ink between what it was and what is left of it. */
function weaken(ink: Plane, left: Plane, severity: number): Plane {
  const weakened = createPlane(ink.width, ink.height);
  for (let i = 0; i < weakened.values.length; i++) {
    const [was, is] = [ink.values[i] as number, left.values[i] as number];
    weakened.values[i] = Math.max(0.15 * was, was - severity * (was - is));
  }
  return weakened;
}

function fill({ width, height }: Plane, value: number): Plane {
  const plane = createPlane(width, height);
  plane.values.fill(value);
  return plane;
}
