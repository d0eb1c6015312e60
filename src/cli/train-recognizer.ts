import type { Argv } from 'yargs';
import { ExitCode, SuperviseError } from '../protocol/index.js';
import { failWith } from './usage-error.js';

const program = 'supervise-train recognizer';

/** Runs `supervise-train recognizer` with its flags: trains the CRNN that reads lines of digits, and saves it. */
export async function trainRecognizer(argv: readonly string[]): Promise<number> {
  const { default: yargs } = await import('yargs');
  const parsed = await describeCommand(yargs([...argv])).parseAsync();
  if (argv.includes('--help')) return ExitCode.ok;
  const flags = parsed as Readonly<Record<string, unknown>>;
  const { trainRecognizer } = await import('../trainer/index.js');
  await trainRecognizer({
    out: String(flags['out']),
    seed: wholeNumber(flags, 'seed', 0),
    steps: wholeNumber(flags, 'steps', 1),
    batchSize: wholeNumber(flags, 'batch_size', 1),
    backend: flags['backend'] as 'auto',
    log: (line) => process.stdout.write(`${line}\n`),
  });
  return ExitCode.ok;
}

function describeCommand(yargs: Argv): Argv {
  return yargs
    .scriptName(program)
    .usage(
      '$0 --out <folder> [flags]\n\nTrains the recognizer on lines of real handwritten digits and measures it on unseen ones.',
    )
    .option('out', {
      type: 'string',
      demandOption: true,
      describe: 'Folder for the weights (ckpt-1) and their card.json',
    })
    .option('seed', { type: 'number', default: 42, describe: 'Seed of weights and data' })
    .option('steps', { type: 'number', default: 3000, describe: 'Training steps' })
    .option('batch_size', { alias: 'batch-size', type: 'number', default: 16, describe: 'Lines in one step' })
    .option('backend', {
      choices: ['auto', 'tensorflow', 'webgpu', 'wasm', 'cpu'] as const,
      default: 'auto' as const,
      describe: 'Numerical backend',
    })
    .strict()
    .version(false)
    .help()
    .exitProcess(false)
    .wrap(100)
    .fail(failWith({ flags: [], hint: `${program} --help lists the flags` }));
}

function wholeNumber(flags: Readonly<Record<string, unknown>>, name: string, least: number): number {
  const value = flags[name];
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= least) return value;
  throw new SuperviseError('USAGE', {
    what: `--${name} is ${JSON.stringify(value)}`,
    expected: `a whole number of at least ${least}`,
  });
}
