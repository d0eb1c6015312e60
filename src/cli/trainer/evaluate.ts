import { writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { ExitCode } from '../../protocol/index.js';
import type { Evaluation } from '../../trainer/restoration/index.js';
import type { DescribedCommand } from '../commands/command.js';
import { alignColumns } from '../format.js';
import { describeScores, toCsv } from './describe-scores.js';
import type { TrainedModel } from './find-trained.js';
import { modelOf, modelOptions } from './model-options.js';
import { backendNames, oneOf, wholeNumber } from './values.js';

/** `supervise-train evaluate`: scores a trained model on a data set. */
export const evaluate: DescribedCommand = {
  operands: '[run | experiment.json | checkpoint] [flags]',
  about: `Restores every line of a data set and compares it with the clean one. PSNR and SSIM are means over the lines;
CER and WER are edits in what the recognizer reads, over all characters and words together. Without --data
the validation lines of the training are scored. Without a name, the only run below runs/ is meant.`,
  options: {
    data: { type: 'strings', describe: 'TFRecord files to score on instead, or patterns of them; may be repeated' },
    charset: { type: 'string', describe: 'Characters of their labels (default: those of the training)' },
    ...modelOptions,
    limit: { type: 'number', describe: 'Score so many lines at most, from the first' },
    'batch-size': { type: 'number', describe: 'Lines restored at once (default: 16)' },
    csv: { type: 'string', describe: 'File for a table with a row for each line' },
    samples: { type: 'string', describe: 'PNG file for a sheet of lines: degraded, restored, clean' },
    'num-samples': { type: 'number', describe: 'Lines on that sheet (default: 8)' },
    json: { type: 'boolean', describe: 'One JSON object instead of a table' },
  },
  mostOperands: 1,
  exitCodes:
    '0 scored, 64 wrong usage, 65 data or checkpoint missing or damaged, 66 no such run, 78 wrong configuration or backend',
  run: async (line) => {
    const counts = {
      batchSize: wholeNumber(line, 'batch-size', 1, 16),
      limit: wholeNumber(line, 'limit', 1, Number.MAX_SAFE_INTEGER),
      keptLines: line.text('samples') === undefined ? 0 : wholeNumber(line, 'num-samples', 1, 8),
    };
    const model = modelOf(line, line.operands[0]);
    const backend = oneOf(line, 'backend', backendNames, model.config.training.backend);
    const charset = line.text('charset');
    const { data } = model.config;
    const { evaluateModel } = await import('../../trainer/index.js');
    const evaluation = await evaluateModel({
      ...counts,
      config: charset === undefined ? model.config : { ...model.config, data: { ...data, charset_path: charset } },
      checkpoint: model.checkpoint,
      files: line.texts('data').length === 0 ? undefined : line.texts('data'),
      dataDir: data.dir ?? join(model.runDir, 'data'),
      backend,
      onProgress: showProgress(line.flag('json')),
      log: line.flag('json') ? () => {} : print,
    });
    await writeExtras(evaluation, line.text('csv'), line.text('samples'));
    if (line.flag('json')) print(JSON.stringify(toJson(evaluation, model), null, 2));
    else describe(evaluation, model).forEach(print);
    return ExitCode.ok;
  },
};

async function writeExtras(evaluation: Evaluation, csv: string | undefined, samples: string | undefined) {
  if (csv !== undefined) writeFileSync(csv, toCsv(evaluation.perLine));
  if (samples === undefined) return;
  const { sampleSheet, writePng } = await import('../../trainer/images/index.js');
  writePng(samples, sampleSheet(evaluation.rows, evaluation.width, evaluation.height));
}

function describe(evaluation: Evaluation, { checkpoint, reason }: TrainedModel): string[] {
  return [
    `Checkpoint: ${relative('.', checkpoint)} (${reason})`,
    `Data: ${evaluation.lines} lines of ${evaluation.width} × ${evaluation.height} pixels`,
    '',
    ...alignColumns(describeScores(evaluation)),
    '',
    `Score (PSNR − weight · CER · 100): ${evaluation.score.toFixed(2)}`,
  ];
}

function toJson({ lines, width, height, degraded, restored, clean, score }: Evaluation, model: TrainedModel) {
  return { checkpoint: model.checkpoint, lines, width, height, degraded, restored, clean, score };
}

/** On a terminal, the lines that are done, in place. */
function showProgress(isQuiet: boolean): (done: number, size: number) => void {
  if (isQuiet || !process.stderr.isTTY) return () => {};
  return (done, size) => process.stderr.write(done === size ? '\r\u001b[K' : `\r${done} of ${size} lines`);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
