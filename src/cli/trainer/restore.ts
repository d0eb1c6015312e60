import { mkdirSync } from 'node:fs';
import { dirname, relative } from 'node:path';
import { ExitCode, SuperviseError } from '../../protocol/index.js';
import type { DescribedCommand } from '../commands/command.js';
import { pairImages } from './image-files.js';
import { modelOf, modelOptions } from './model-options.js';
import { backendNames, boundedNumber, oneOf } from './values.js';

const mostImages = 1_000_000;

/** `supervise-train restore`: restores images with a trained model. */
export const restore: DescribedCommand = {
  operands: '<image.png | folder | pattern …> <output.png | folder> [flags]',
  about: `Restores PNG images of any size, in tiles of the size that the model was trained on; the tiles overlap and
are blended. The last word is the output: a file for one image, else a folder, in which the images keep their
names. Grey, colour and transparent PNGs of 1 to 16 bits are read; the output is grey, of 16 bits where the
input was. Without --run, the only run below runs/ is meant.`,
  options: {
    run: {
      type: 'string',
      describe: 'The trained model: a run by directory, name or experiment file, or a checkpoint',
    },
    ...modelOptions,
    overlap: { type: 'number', describe: 'Fraction of a tile that neighbours share, 0 to 0.75 (default: 0.25)' },
    scale: {
      type: 'string',
      describe: 'Enlarge images by this factor for the model; "fit" brings each to its line height (default: 1)',
    },
    force: { type: 'boolean', describe: 'Replace images that are there' },
  },
  mostOperands: mostImages,
  exitCodes:
    '0 restored, 64 wrong usage, 65 image or checkpoint missing or damaged, 66 no such run, 73 the output cannot be written, 78 wrong configuration or backend',
  run: async (line) => {
    const [output, ...inputs] = line.operands.toReversed();
    if (output === undefined || inputs.length === 0)
      throw new SuperviseError('USAGE', {
        what: 'an image and an output are needed',
        expected: 'supervise-train restore in.png out.png --run runs/quickstart',
      });
    const overlap = boundedNumber(line, 'overlap', [0, 0.75], 0.25);
    const scale = scaleOf(line.text('scale') ?? '1');
    const images = await pairImages(inputs.toReversed(), output, line.flag('force'));
    const model = modelOf(line, line.text('run'));
    const backend = oneOf(line, 'backend', backendNames, model.config.training.backend);
    const { openRestorer, restoreFile } = await import('../../trainer/index.js');
    const restorer = await openRestorer({ config: model.config, checkpoint: model.checkpoint, backend });
    print(`Checkpoint: ${relative('.', model.checkpoint)} (${model.reason})`);
    print(`Backend: ${restorer.backend.name} on ${restorer.backend.device}: ${restorer.backend.reason}`);
    for (const { from, to } of images) {
      const startedAtMs = performance.now();
      mkdirSync(dirname(to), { recursive: true });
      const { width, height, tiles } = await restoreFile(from, to, restorer, { overlap, scale });
      const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(1);
      print(`${relative('.', from)} → ${relative('.', to)}: ${width} × ${height}, ${tiles} tiles, ${seconds} s`);
    }
    restorer.dispose();
    return ExitCode.ok;
  },
};

function scaleOf(text: string): number | 'fit' {
  if (text === 'fit') return 'fit';
  const scale = Number(text);
  if (text.trim() !== '' && scale >= 0.01 && scale <= 100) return scale;
  throw new SuperviseError('USAGE', { what: `--scale is "${text}"`, expected: 'a number from 0.01 to 100, or "fit"' });
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
