import { type Plane, smoothField } from '../data/plane.js';
import type { Random } from '../random/random.js';

/**
 * Folds across the paper, changed in place: a dark valley with a light ridge beside it, along which ink has rubbed off. Brightness
 * 0 … 1; sizes are in `unit`s of a line 32 pixels high.
 */
export function addCreases(random: Random, page: Plane, unit: number, severity: number): void {
  const { width, height, values } = page;
  const most = Math.max(1, Math.round(width / height / 4));
  const wander = smoothField(random, width, height, 14 * unit);
  const rubbed = smoothField(random, width, height, 2.5 * unit);
  for (let count = random.integer(0, most); count > 0; count--) {
    const isAlong = random.uniform() < 0.2;
    const place = (isAlong ? height : width) * random.uniform(0.05, 0.95);
    const tilt = random.uniform(-0.35, 0.35);
    const breadth = unit * random.uniform(0.5, 1.1);
    const [depth, loss] = [severity * random.uniform(0.06, 0.22), Math.min(1, severity * random.uniform(0.2, 0.7))];
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const at = y * width + x;
        const across = isAlong ? y - place - tilt * 0.2 * (x - width / 2) : x - place - tilt * (y - height / 2);
        const distance = (across + 3 * unit * ((wander.values[at] as number) - 0.5)) / breadth;
        if (Math.abs(distance) > 6) continue;
        const valley = Math.exp(-(distance ** 2));
        const ridge = Math.exp(-((distance - 2) ** 2) / 2);
        const worn = loss * Math.exp(-(distance ** 2) / 6) * (rubbed.values[at] as number);
        const value = values[at] as number;
        const bare = value + worn * Math.max(0, 0.88 - value);
        values[at] = Math.min(Math.max(bare * (1 - depth * valley) + 0.4 * depth * ridge, 0), 1);
      }
    }
  }
}
