export {
  blankModule,
  countParameters,
  disposeModule,
  inference,
  type Module,
  type Pass,
  planModule,
} from './module.js';
export { type AdamOptions, createAdam } from './optimizers/adam.js';
export { clipScale, globalNorm } from './optimizers/clip.js';
export type { Optimizer } from './optimizers/optimizer.js';
export { createSgd } from './optimizers/sgd.js';
