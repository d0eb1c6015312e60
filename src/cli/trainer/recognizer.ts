import { ExitCode, SuperviseError } from '../../protocol/index.js';
import type { DescribedCommand } from '../commands/command.js';
import { backendNames, oneOf, wholeNumber } from './values.js';

/** `supervise-train recognizer`: trains a CRNN on lines of digits, or the recognizer of an experiment on its data, and saves it. */
export const recognizer: DescribedCommand = {
  operands: '--out <folder> [flags]',
  about: `Trains on lines of real handwritten digits, or on the clean lines of an experiment's data, half of them a
little degraded, and measures the error rates on lines that it has not seen. The weights are a TensorFlow
checkpoint (ckpt-1) with a card.json that names the command.`,
  options: {
    out: { type: 'string', describe: 'Folder for the weights (ckpt-1) and their card.json' },
    config: { type: 'string', describe: 'Experiment whose data is read (default: digits, 128 x 32 pixels)' },
    seed: { type: 'number', describe: 'Seed of weights and data (default: 42)' },
    steps: { type: 'number', describe: 'Training steps (default: 3000)' },
    'batch-size': { type: 'number', describe: 'Lines in one step (default: 16)' },
    backend: { type: 'string', describe: `Numerical backend: ${backendNames.join(', ')} (default: auto)` },
  },
  mostOperands: 0,
  exitCodes: '0 trained and saved, 64 wrong usage, 65 data missing or damaged, 78 wrong configuration or backend',
  run: async (line) => {
    const out = line.text('out');
    if (out === undefined)
      throw new SuperviseError('USAGE', { what: '--out is missing', expected: 'a folder for the weights' });
    const options = {
      out,
      seed: wholeNumber(line, 'seed', 0, 42),
      steps: wholeNumber(line, 'steps', 1, 3000),
      batchSize: wholeNumber(line, 'batch-size', 1, 16),
      backend: oneOf(line, 'backend', backendNames, 'auto'),
    };
    const { trainRecognizer } = await import('../../trainer/index.js');
    const config = line.text('config');
    const experiment = config === undefined ? {} : { experiment: { path: config, config: await load(config) } };
    await trainRecognizer({ ...options, ...experiment, log: (text) => process.stdout.write(`${text}\n`) });
    return ExitCode.ok;
  },
};

/** The epoch count does not matter here. */
async function load(path: string) {
  const { loadExperiment } = await import('../../config/index.js');
  return loadExperiment({ path, flags: { epochs: 1 } }).config;
}
