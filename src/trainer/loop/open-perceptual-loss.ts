import { existsSync } from 'node:fs';
import { indexPath, openTensorFile } from '../../checkpoint/index.js';
import type { Experiment } from '../../config/schema.js';
import { SuperviseError } from '../../protocol/index.js';
import { createPerceptualLoss, loadVgg19, type PerceptualLoss, vggLayers } from '../losses/index.js';

/** What is compared when the configuration names no layers. */
const usualLayers = ['block3_conv4'];

/**
 * Opens VGG-19 for the perceptual loss; undefined when that is switched off or has no weight.
 * @throws CONFIG_INVALID without a file of weights, CHECKPOINT_MISSING, CHECKPOINT_CORRUPT, CHECKPOINT_MISMATCH
 */
export function openPerceptualLoss({ loss_weights, loss_config }: Experiment): PerceptualLoss | undefined {
  const { use_perceptual_loss, perceptual_weights: path, perceptual_layers } = loss_config;
  if (!use_perceptual_loss || loss_weights.perceptual_loss_weight === 0) return undefined;
  if (path === undefined)
    throw new SuperviseError('CONFIG_INVALID', {
      what: `the perceptual loss has the weight ${loss_weights.perceptual_loss_weight}, but the weights of VGG-19 are not given`,
      where: 'loss_config.perceptual_weights',
      expected: 'a Keras .h5 file ("no top"), a .safetensors file of torchvision, or a TensorFlow checkpoint',
      hint: 'name the file, or leave the loss out with loss_weights.perceptual_loss_weight 0 or loss_config.use_perceptual_loss false',
    });
  const layers = perceptual_layers.length === 0 ? usualLayers : perceptual_layers;
  const unknown = layers.find((name) => !vggLayers.some((layer) => layer.name === name));
  if (unknown !== undefined)
    throw new SuperviseError('CONFIG_INVALID', {
      what: `VGG-19 has no layer ${unknown}`,
      where: 'loss_config.perceptual_layers',
      expected: vggLayers.map(({ name }) => name).join(', '),
    });
  const file = openTensorFile(prefixOf(path));
  try {
    return createPerceptualLoss({ ...loadVgg19(file, layers), layers });
  } finally {
    file.close();
  }
}

/** A checkpoint's prefix; the name of one of its files is understood too. */
function prefixOf(path: string): string {
  const prefix = path.replace(/\.(index|data-\d{5}-of-\d{5})$/, '');
  return existsSync(indexPath(prefix)) ? prefix : path;
}
