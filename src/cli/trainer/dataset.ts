import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, join, relative, resolve } from 'node:path';
import { findFiles } from '../../config/index.js';
import { ExitCode, SuperviseError } from '../../protocol/index.js';
import type { AgingEffect, HandwritingSpec } from '../../trainer/handwriting/index.js';
import type { CommandLine, DescribedCommand } from '../commands/command.js';
import { boundedNumber, wholeNumber } from './values.js';

const usual = { width: 128, height: 32, count: 2048, validation: 256, shards: 1, lines: 12 };

/** `supervise-train dataset`: makes a data set of degraded handwriting. */
export const dataset: DescribedCommand = {
  operands: '[--out <folder>] [--preview <sheet.png>] [flags]',
  about: `Makes pairs of lines, as they were written and as they are after a long time, and writes them as TFRecord
files with their charset.txt. With --font, words are written in those fonts; without, lines show real
handwritten digits. The same flags give the same bytes. What can happen to a line (--effects): ink-bleed,
fading, bleed-through, stains, paper, creases, blur, noise.`,
  options: {
    out: { type: 'string', describe: 'Folder for the data set' },
    preview: {
      type: 'string',
      describe: 'PNG file for a sheet of its first lines; without --out nothing else is made',
    },
    font: { type: 'strings', describe: 'Font file (TTF, OTF, WOFF), or a quoted pattern of them; may be repeated' },
    text: { type: 'string', describe: 'Text file to take words from (default: common words, numbers and dates)' },
    count: { type: 'number', describe: `Lines to train on (default: ${usual.count})` },
    'val-count': { type: 'number', describe: `Lines to validate (default: ${usual.validation})` },
    width: { type: 'number', describe: `Width of a line in pixels (default: ${usual.width})` },
    height: { type: 'number', describe: `Height of a line in pixels (default: ${usual.height})` },
    digits: {
      type: 'string',
      describe: 'Fewest and most digits on a line of digits (default: 4-8 for each 4:1 of shape)',
    },
    severity: { type: 'number', describe: 'How much happens: 0 nearly nothing, 1 usual, up to 3 (default: 1)' },
    effects: { type: 'string', describe: 'What happens, separated by commas; none for clean lines (default: all)' },
    shards: { type: 'number', describe: `Files that each split is spread over (default: ${usual.shards})` },
    gzip: { type: 'boolean', describe: 'Compress the files by GZIP' },
    seed: { type: 'number', describe: 'Seed of everything random (default: 42)' },
    workers: { type: 'number', describe: 'Threads that make lines, a file each (default: as many as there are CPUs)' },
    lines: { type: 'number', describe: `Lines on the sheet (default: ${usual.lines})` },
    force: { type: 'boolean', describe: 'Replace a data set that is there' },
  },
  mostOperands: 0,
  exitCodes: '0 made, 64 wrong usage, 65 a font or text is missing or damaged, 73 the folder cannot be written',
  run: async (line) => {
    const [out, preview] = [line.text('out'), line.text('preview')];
    if (out === undefined && preview === undefined)
      throw new SuperviseError('USAGE', { what: '--out is missing', expected: 'a folder for the data set' });
    const { agingEffects } = await import('../../trainer/handwriting/index.js');
    const spec = await readSpec(line, agingEffects);
    if (preview !== undefined) await writePreview(spec, preview, wholeNumber(line, 'lines', 1, usual.lines));
    if (out !== undefined) await build(line, spec, resolve(out));
    return ExitCode.ok;
  },
};

async function readSpec(line: CommandLine, known: readonly AgingEffect[]): Promise<HandwritingSpec> {
  const [width, height] = [wholeNumber(line, 'width', 16, usual.width), wholeNumber(line, 'height', 16, usual.height)];
  const text = line.text('text');
  const fonts = line.texts('font');
  if (text !== undefined && fonts.length === 0)
    throw new SuperviseError('USAGE', { what: '--text needs a font to write it in', hint: 'add --font <file>' });
  return {
    seed: wholeNumber(line, 'seed', 0, 42),
    width,
    height,
    fonts: fonts.length === 0 ? [] : await findFiles(fonts, '--font'),
    text: text === undefined ? undefined : resolve(text),
    digits: digitsOf(line.text('digits'), Math.max(1, Math.round(width / height / 4))),
    effects: effectsOf(line.text('effects'), known),
    severity: boundedNumber(line, 'severity', [0, 3], 1),
  };
}

function digitsOf(text: string | undefined, shape: number): readonly [number, number] {
  const [, least, most] = /^(\d+)(?:-(\d+))?$/.exec(text ?? `${4 * shape}-${8 * shape}`) ?? [];
  const range = [Number(least), Number(most ?? least)] as const;
  if (range[0] >= 1 && range[0] <= range[1]) return range;
  throw new SuperviseError('USAGE', { what: `--digits is "${text}"`, expected: 'two whole numbers such as 4-8' });
}

function effectsOf(text: string | undefined, known: readonly AgingEffect[]): readonly AgingEffect[] {
  if (text === undefined) return known;
  if (text === 'none') return [];
  return text.split(',').map((word) => {
    const found = known.find((effect) => effect === word.trim());
    if (found !== undefined) return found;
    throw new SuperviseError('USAGE', { what: `--effects has "${word}"`, expected: `none, or ${known.join(', ')}` });
  });
}

async function writePreview(spec: HandwritingSpec, path: string, count: number): Promise<void> {
  const { createLineMaker, previewSheet } = await import('../../trainer/handwriting/index.js');
  const { writePng } = await import('../../trainer/images/index.js');
  const { make } = await createLineMaker(spec);
  const lines = Array.from({ length: count }, (_, index) => make('train', index));
  try {
    writePng(path, previewSheet(lines, spec.width, spec.height));
  } catch (error) {
    const what = `the sheet cannot be written (${(error as Error).message})`;
    throw new SuperviseError('RUN_DIRECTORY', { what, where: path }, { cause: error });
  }
  print(`Wrote ${path}: ${count} lines, degraded and clean`);
}

async function build(line: CommandLine, spec: HandwritingSpec, out: string): Promise<void> {
  if (existsSync(join(out, 'dataset.json')) && !line.flag('force'))
    throw new SuperviseError('USAGE', { what: 'there is a data set already', where: out, hint: '--force replaces it' });
  const { buildDataset, shardPattern } = await import('../../trainer/handwriting/index.js');
  const plan = {
    spec,
    out,
    trainLines: wholeNumber(line, 'count', 1, usual.count),
    validationLines: wholeNumber(line, 'val-count', 1, usual.validation),
    shards: wholeNumber(line, 'shards', 1, usual.shards),
    gzip: line.flag('gzip'),
    workers: wholeNumber(line, 'workers', 1, availableParallelism()),
    onShard: (path: string, lines: number) => print(`Wrote ${basename(path)}: ${lines} lines`),
  };
  const startedAtMs = performance.now();
  const { characters } = await buildDataset(plan);
  const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(1);
  print(
    `${plan.trainLines + plan.validationLines} lines of ${characters} characters in ${seconds} s. In an experiment:`,
  );
  const folder = relative('.', out) || '.';
  const data = {
    tfrecord_path: join(folder, shardPattern('train', plan)),
    val_tfrecord_path: join(folder, shardPattern('validation', plan)),
    charset_path: join(folder, 'charset.txt'),
    image_width: spec.width,
    image_height: spec.height,
  };
  print(`"data": ${JSON.stringify(data, null, 2)}`);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
