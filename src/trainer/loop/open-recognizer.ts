import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { openBundle } from '../../checkpoint/index.js';
import type { Experiment } from '../../config/schema.js';
import { SuperviseError } from '../../protocol/index.js';
import type { Charset } from '../data/index.js';
import { createCrnn, type FrozenRecognizer } from '../models/index.js';
import { restoreVariables } from './training-state.js';

/** The recognizer that ships with the package: it reads lines of handwritten digits, 32 pixels high. */
const shippedWeights = fileURLToPath(new URL('../../../models/digits-crnn/ckpt-1', import.meta.url));

export interface RecognizerOptions {
  readonly config: Experiment['model']['recognizer'];
  readonly charset: Charset;
  readonly height: number;
  readonly seed: number;
}

/**
 * Opens the frozen recognizer: the weights that the configuration names, else the shipped ones.
 * @throws CONFIG_INVALID, CHECKPOINT_MISSING, CHECKPOINT_CORRUPT, CHECKPOINT_MISMATCH
 */
export function openRecognizer({ config, charset, height, seed }: RecognizerOptions): FrozenRecognizer {
  if (config.architecture !== 'crnn') {
    throw new SuperviseError('CONFIG_INVALID', {
      what: `the recognizer architecture "${config.architecture}" is not in this version`,
      where: 'model.recognizer.architecture',
      expected: '"crnn"',
    });
  }
  const recognizer = createCrnn({ height, classes: charset.size + 1, seed });
  if (config.use_pretrained) {
    const bundle = openBundle(weightsPrefix(config.weights));
    try {
      restoreVariables(bundle, recognizer.variables);
    } finally {
      bundle.close();
    }
  }
  return recognizer.freeze();
}

/** A checkpoint's prefix; the name of one of its files is understood too. */
function weightsPrefix(weights: string | undefined): string {
  const prefix = (weights ?? shippedWeights).replace(/\.(index|data-\d{5}-of-\d{5})$/, '');
  if (existsSync(`${prefix}.index`)) return prefix;
  throw new SuperviseError('CHECKPOINT_MISSING', {
    what: 'there is no such recognizer checkpoint',
    where: `${prefix}.index`,
    expected: 'a TensorFlow checkpoint of a CRNN',
    hint: 'train one with: supervise-train recognizer --out <folder>, and name it in model.recognizer.weights',
  });
}
