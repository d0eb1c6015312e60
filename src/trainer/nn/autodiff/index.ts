import { registerGradient } from '@tensorflow/tfjs-core';
import { arithmeticGradients } from './arithmetic.js';
import { imageGradients } from './images.js';
import { layoutGradients } from './layout.js';

let registered = false;

/**
 * Tells tfjs how to differentiate the operations that our networks are made of; a second call does nothing. The core package
 * has no gradients when Node loads it, and the umbrella package that has them all takes longer to load than a short epoch.
 */
export function registerGradients(): void {
  if (registered) return;
  registered = true;
  for (const config of [...arithmeticGradients, ...imageGradients, ...layoutGradients]) registerGradient(config);
}
