export { countParameters, disposeModule, inference, type Module, type Pass } from './module.js';
export { type AdamOptions, createAdam } from './optimizers/adam.js';
export { clipScale, type Optimizer } from './optimizers/optimizer.js';
export { createSgd } from './optimizers/sgd.js';
