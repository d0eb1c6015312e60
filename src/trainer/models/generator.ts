import type { Experiment } from '../../config/schema.js';
import { createEnhancedUnet } from './enhanced-unet.js';
import { createEnhancedUnetV2 } from './enhanced-unet-v2.js';
import type { Generator, ModelSize } from './networks.js';
import { createUnet } from './unet.js';

/**
 * Makes the generator that the configuration names.
 * @throws CONFIG_INVALID for an image size that it cannot halve often enough
 */
export function createGenerator(config: Experiment['model']['generator'], size: ModelSize): Generator {
  return architectures[config.architecture](config, size);
}

const architectures = { base: createUnet, enhanced: createEnhancedUnet, enhanced_v2: createEnhancedUnetV2 };
