export * from './adversarial.js';
export * from './contrastive.js';
export * from './ctc.js';
export * from './distances.js';
export { type LoadedVgg, loadVgg19 } from './load-vgg19.js';
export * from './perceptual.js';
export { vggLayers } from './vgg19.js';
