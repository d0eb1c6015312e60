export { createRecognizer } from './create-recognizer.js';
export { createCrnn } from './crnn.js';
export { createDiscriminator, type Discriminator } from './discriminator.js';
export {
  createGanStep,
  describeGanStep,
  type GanBatch,
  type GanMetrics,
  type GanParts,
  type LossWeights,
  termNames,
} from './gan-step.js';
export { createGenerator, type Generator, type ModelSize } from './generator.js';
export type { FrozenRecognizer, Recognizer } from './recognizer.js';
export { restore } from './restore.js';
export { createTransformer, type TransformerOptions } from './transformer.js';
