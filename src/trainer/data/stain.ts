import type { Random } from '../random/random.js';
import type { Plane } from './plane.js';

/**
 * Adds one stain to the light that the paper takes (0 … 1): an ellipse with a ragged edge (`edges` is a smooth field) that is
 * darkest at its rim, as a dried drop is.
 */
export function addStain(random: Random, absorbed: Plane, edges: Plane): void {
  const { width, height } = absorbed;
  const [centreX, centreY] = [random.uniform(0, width), random.uniform(0, height)];
  const [radiusX, radiusY] = [height * random.uniform(0.3, 1.3), height * random.uniform(0.2, 0.7)];
  const [body, rim] = [random.uniform(0.08, 0.28), random.uniform(0, 0.18)];
  const raggedness = random.uniform(0.2, 0.6);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = y * width + x;
      const distance = Math.sqrt(((x - centreX) / radiusX) ** 2 + ((y - centreY) / radiusY) ** 2);
      const taken = stainDepth(distance + raggedness * ((edges.values[at] as number) - 0.5), body, rim);
      absorbed.values[at] = 1 - (1 - (absorbed.values[at] as number)) * (1 - taken);
    }
  }
}

/** Light taken at a distance from the centre (1 is the edge): body inside, a rim at the edge, soft on both sides. */
function stainDepth(distance: number, body: number, rim: number): number {
  if (distance > 1.1) return 0;
  const inside = distance < 0.9 ? 1 : (1.1 - distance) / 0.2;
  return body * inside + rim * Math.max(0, 1 - Math.abs(distance - 0.95) / 0.12);
}
