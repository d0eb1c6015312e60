import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { indexPath, openTensorFile, type TensorFile } from '../../checkpoint/index.js';
import type { Experiment } from '../../config/schema.js';
import { SuperviseError } from '../../protocol/index.js';
import { packageRoot } from '../backends/native/native-home.js';
import type { Charset } from '../data/index.js';
import { createRecognizer, type FrozenRecognizer, type Recognizer } from '../models/index.js';
import { blankModule } from '../nn/index.js';
import { importTransformer, isKerasTransformer } from '../recognizer/keras/import-transformer.js';
import { restoreVariables } from './restore-training.js';

/** The recognizer that ships with the package: it reads lines of handwritten digits, 32 pixels high. */
const shippedWeights = () => join(packageRoot(), 'models/digits-crnn/ckpt-1');

export interface RecognizerOptions {
  readonly config: Experiment['model']['recognizer'];
  readonly charset: Charset;
  readonly height: number;
  readonly width: number;
  readonly seed: number;
  readonly log: (line: string) => void;
}

/**
 * Opens the frozen recognizer: the weights that the configuration names, else the shipped ones.
 * @throws CONFIG_INVALID, CHECKPOINT_MISSING, CHECKPOINT_CORRUPT, CHECKPOINT_MISMATCH
 */
export function openRecognizer(options: RecognizerOptions): FrozenRecognizer {
  const { config } = options;
  if (!config.use_pretrained) return createFresh(options).freeze();
  const file = openTensorFile(weightsPath(config));
  try {
    return readRecognizer(file, options).freeze();
  } finally {
    file.close();
  }
}

function readRecognizer(file: TensorFile, options: RecognizerOptions): Recognizer {
  const { config, charset, log } = options;
  if (isKerasTransformer(file)) {
    if (config.architecture === 'crnn')
      log(`Warning: ${file.path} holds a transformer, so that is the recognizer; the configuration says crnn.`);
    const { blank = 'first', input_range: input, dropout } = config;
    log(`Recognizer: the transformer of ${file.path}; its blank is the ${blank} class, its grey values are ${input}.`);
    return importTransformer(file, { ...options, classes: charset.size + 1, blank, input, dropout });
  }
  const recognizer = blankModule(() => createFresh(options));
  restoreVariables(file, recognizer.variables);
  return recognizer;
}

function createFresh({ config, charset, height, width, seed }: RecognizerOptions): Recognizer {
  return createRecognizer(config, { height, width, classes: charset.size + 1, seed });
}

/** A checkpoint's prefix or an .h5 file; the name of one of a checkpoint's files is understood too. */
function weightsPath({ weights, architecture }: Experiment['model']['recognizer']): string {
  if (weights === undefined && architecture === 'transformer')
    throw new SuperviseError('CONFIG_INVALID', {
      what: 'there are no weights of a transformer in the package',
      where: 'model.recognizer.weights',
      expected: 'a Keras .h5 or .weights.h5 file, or a TensorFlow checkpoint',
      hint: 'name the file, or set model.recognizer.architecture to "crnn"',
    });
  const path = weights ?? shippedWeights();
  const prefix = path.replace(/\.(index|data-\d{5}-of-\d{5})$/, '');
  if (existsSync(indexPath(prefix))) return prefix;
  if (existsSync(path)) return path;
  throw new SuperviseError('CHECKPOINT_MISSING', {
    what: 'there are no such weights of a recognizer',
    where: path,
    expected: 'a TensorFlow checkpoint (its prefix), or a Keras .h5 file',
    hint: 'train one with: supervise-train recognizer --out <folder>, and name it in model.recognizer.weights',
  });
}
