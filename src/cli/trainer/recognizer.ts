import { ExitCode, SuperviseError } from '../../protocol/index.js';
import type { DescribedCommand } from '../commands/command.js';
import { backendNames, oneOf, wholeNumber } from './values.js';

/** `supervise-train recognizer`: trains the CRNN that reads lines of digits, and saves it. */
export const recognizer: DescribedCommand = {
  operands: '--out <folder> [flags]',
  about: `Trains on lines of real handwritten digits, half of them clean and half a little degraded, and measures the
error rates on digits that it has not seen. The weights are a TensorFlow checkpoint (ckpt-1) with a card.json
that names the command.`,
  options: {
    out: { type: 'string', describe: 'Folder for the weights (ckpt-1) and their card.json' },
    seed: { type: 'number', describe: 'Seed of weights and data (default: 42)' },
    steps: { type: 'number', describe: 'Training steps (default: 3000)' },
    'batch-size': { type: 'number', describe: 'Lines in one step (default: 16)' },
    backend: { type: 'string', describe: `Numerical backend: ${backendNames.join(', ')} (default: auto)` },
  },
  mostOperands: 0,
  exitCodes: '0 trained and saved, 64 wrong usage, 78 the backend does not work here',
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
    await trainRecognizer({ ...options, log: (text) => process.stdout.write(`${text}\n`) });
    return ExitCode.ok;
  },
};
