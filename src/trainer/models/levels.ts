import type { Experiment } from '../../config/schema.js';
import { SuperviseError } from '../../protocol/index.js';
import type { ModelSize } from './networks.js';

type GeneratorConfig = Experiment['model']['generator'];

/** Levels of a U-Net below the first: what the configuration says, else 4, and 5 for `enhanced_v2`. */
export function depthOf({ architecture, depth }: GeneratorConfig): number {
  return depth ?? (architecture === 'enhanced_v2' ? 5 : 4);
}

/** Channels of each level: twice as many on each, up to `most` times the first's. */
export function levelWidths(filters: number, depth: number, most: number): number[] {
  return Array.from({ length: depth + 1 }, (_, level) => filters * Math.min(2 ** level, most));
}

/** Refuses images that cannot be halved `depth` times. @throws CONFIG_INVALID */
export function assertDivisible({ height, width }: ModelSize, depth: number): void {
  const unit = 2 ** depth;
  if (height % unit === 0 && width % unit === 0) return;
  throw new SuperviseError('CONFIG_INVALID', {
    what: `images of ${width} × ${height} pixels cannot be halved ${depth} times`,
    where: 'model.generator.depth',
    expected: `a width and height that are multiples of ${unit}`,
    hint: 'lower model.generator.depth, or change data.image_width and data.image_height',
  });
}
