import type { Experiment } from '../../config/schema.js';
import { createRandom, type Random } from '../random/random.js';
import { smoothField } from './plane.js';

/** How much lines are changed at random; 0 leaves that out. */
export type Augmentation = Experiment['data']['augment'];

interface Size {
  readonly width: number;
  readonly height: number;
}

/** Whether anything is changed at all. */
export function isAugmenting(augmentation: Augmentation): boolean {
  return Object.values(augmentation).some((strength) => strength > 0);
}

/**
 * Changes a line in place: both images are moved, scaled, turned and bent alike, and the degraded one gets another contrast,
 * brightness and some noise. What happens depends on (seed, epoch, step, line) only.
 */
export function augmentLine(
  { degraded, clean }: { readonly degraded: Float32Array; readonly clean: Float32Array },
  { width, height }: Size,
  augmentation: Augmentation,
  [seed, epoch, step, line]: readonly [seed: number, epoch: number, step: number, line: number],
): void {
  const random = createRandom(seed, 'augment', epoch, step, line);
  const source = drawMapping(random, { width, height }, augmentation);
  if (source !== undefined)
    for (const image of [degraded, clean]) image.set(sampleAt(image, source, { width, height }));
  addTone(random, degraded, augmentation);
}

/** Where each pixel comes from: x and y of the source, one after the other. */
function drawMapping(random: Random, { width, height }: Size, augmentation: Augmentation): Float32Array | undefined {
  const { shift, scale, rotation, elastic } = augmentation;
  if (shift + scale + rotation + elastic === 0) return undefined;
  const [shiftX, shiftY] = [height * random.uniform(-shift, shift), height * random.uniform(-shift, shift)];
  const factor = 1 / (1 + random.uniform(-scale, scale));
  const angle = (Math.PI / 180) * random.uniform(-rotation, rotation);
  const [cos, sin] = [factor * Math.cos(angle), factor * Math.sin(angle)];
  const bend = [0, 1].map(() => smoothField(random, width, height, height / 2).values);
  const reach = 2 * elastic * height;
  const source = new Float32Array(2 * width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = y * width + x;
      const [fromX, fromY] = [x - (width - 1) / 2 - shiftX, y - (height - 1) / 2 - shiftY];
      source[2 * at] =
        cos * fromX - sin * fromY + (width - 1) / 2 + reach * (((bend[0] as Float32Array)[at] as number) - 0.5);
      source[2 * at + 1] =
        sin * fromX + cos * fromY + (height - 1) / 2 + reach * (((bend[1] as Float32Array)[at] as number) - 0.5);
    }
  }
  return source;
}

/** Bilinear; beyond the edges the last pixels are repeated. */
function sampleAt(image: Float32Array, source: Float32Array, { width, height }: Size): Float32Array {
  const sampled = new Float32Array(image.length);
  for (let at = 0; at < image.length; at++) {
    const x = Math.min(Math.max(source[2 * at] as number, 0), width - 1);
    const y = Math.min(Math.max(source[2 * at + 1] as number, 0), height - 1);
    const [left, top] = [Math.floor(x), Math.floor(y)];
    const [right, bottom] = [Math.min(left + 1, width - 1), Math.min(top + 1, height - 1)];
    const upper = mix(image[top * width + left] as number, image[top * width + right] as number, x - left);
    const lower = mix(image[bottom * width + left] as number, image[bottom * width + right] as number, x - left);
    sampled[at] = mix(upper, lower, y - top);
  }
  return sampled;
}

function addTone(random: Random, image: Float32Array, { contrast, brightness, noise }: Augmentation): void {
  if (contrast + brightness + noise === 0) return;
  const gain = 1 + random.uniform(-contrast, contrast);
  const offset = random.uniform(-brightness, brightness);
  const deviation = random.uniform(0, noise);
  for (let at = 0; at < image.length; at++) {
    const grain = noise === 0 ? 0 : random.normal(0, deviation);
    const value = 0.5 + gain * ((image[at] as number) - 0.5) + offset + grain;
    image[at] = Math.min(Math.max(value, 0), 1);
  }
}

function mix(from: number, to: number, weight: number): number {
  return from + (to - from) * weight;
}
