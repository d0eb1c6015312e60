import { createPlane, gaussianBlur, type Plane, smoothField } from '../data/plane.js';
import type { Random } from '../random/random.js';

/**
 * Ink that has run into the paper: strokes grow ragged edges and a faint halo, in some places more than in others. Sizes are in
 * `unit`s of a line 32 pixels high.
 */
export function bleedInk(random: Random, ink: Plane, unit: number, severity: number): Plane {
  const { width, height } = ink;
  const near = gaussianBlur(ink, unit * random.uniform(0.7, 1.3));
  const far = gaussianBlur(ink, unit * random.uniform(2, 3.5));
  const fibres = smoothField(random, width, height, Math.max(1.5, 1.6 * unit));
  const places = smoothField(random, width, height, random.uniform(16, 40) * unit);
  const [reach, halo] = [severity * random.uniform(0.2, 0.75), severity * random.uniform(0.02, 0.14)];
  const bled = createPlane(width, height);
  for (let i = 0; i < bled.values.length; i++) {
    const place = places.values[i] as number;
    const threshold = 0.62 - reach * place * (0.25 + 0.75 * (fibres.values[i] as number));
    const run = Math.min(Math.max(((near.values[i] as number) - threshold) / 0.22, 0), 1);
    const soaked = halo * (0.3 + 0.7 * place) * (far.values[i] as number);
    bled.values[i] = Math.max(ink.values[i] as number, 0.85 * run, soaked);
  }
  return bled;
}
