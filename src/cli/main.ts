import { readFileSync } from 'node:fs';
import type { Argv } from 'yargs';
import { ExitCode, SuperviseError } from '../protocol/index.js';
import { reportError } from './report-error.js';
import { failWith } from './usage-error.js';

const program = 'supervise';

const flags = [
  'run-dir',
  'checkpoint-dir',
  'epochs',
  'seed',
  'backend',
  'set',
  'no-restore',
  'dry-run',
  'json',
  'help',
];

/** Runs `supervise` with its command line (without `node` and the script); returns the exit code. */
export async function supervise(argv: readonly string[]): Promise<number> {
  try {
    if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-v')) return printVersion();
    const { default: yargs } = await import('yargs');
    const parsed = await describeCommand(yargs([...argv])).parseAsync();
    if (['--help', '-h', '--version', '-v'].some((flag) => argv.includes(flag))) return ExitCode.ok;
    const options = toOptions(parsed);
    const { runExperiment } = await import('./run-experiment.js');
    return await runExperiment(options);
  } catch (error) {
    return reportError(program, error);
  }
}

/** What the command line asks for. */
export interface SuperviseOptions {
  readonly experiment: string;
  readonly dryRun: boolean;
  readonly json: boolean;
  /** Start over, whatever the run directory holds. */
  readonly startOver: boolean;
  /** Settings by canonical path or synonym; they win over the file. */
  readonly flags: Readonly<Record<string, unknown>>;
}

function describeCommand(yargs: Argv): Argv {
  return yargs
    .scriptName(program)
    .parserConfiguration({ 'boolean-negation': false, 'dot-notation': false })
    .usage(
      `$0 <experiment.json> [flags]\n\nKeeps the training run that the file describes alive until its epochs are done. The same command\nstarts it, and continues it after a crash, Ctrl-C or a reboot.`,
    )
    .option('run-dir', {
      type: 'string',
      requiresArg: true,
      describe: 'Run directory (default: runs/<experiment_name>)',
    })
    .option('checkpoint-dir', {
      type: 'string',
      requiresArg: true,
      describe: 'Checkpoint directory (default: checkpoints/ in the run directory)',
    })
    .option('epochs', { type: 'string', requiresArg: true, describe: 'Epochs to complete' })
    .option('seed', { type: 'string', requiresArg: true, describe: 'Seed of everything random' })
    .option('backend', {
      type: 'string',
      requiresArg: true,
      describe: 'Backend of the reference trainer: auto, tensorflow, wasm or cpu',
    })
    .option('set', {
      type: 'string',
      array: true,
      nargs: 1,
      describe: 'Any key of docs/config.md, as key=value; may be repeated',
    })
    .option('no-restore', {
      type: 'boolean',
      default: false,
      describe: 'Start over; what is there is set aside, not destroyed',
    })
    .option('dry-run', {
      type: 'boolean',
      default: false,
      describe: 'Print the resolved configuration and the trainer command; start nothing',
    })
    .option('json', {
      type: 'boolean',
      default: false,
      describe: 'With --dry-run: one JSON object {config, origins, command, warnings}',
    })
    .example('$0 configs/quickstart.json', 'the main job')
    .example('$0 night.json --set training.batch_size=2', 'with one setting changed')
    .epilogue(
      'Exit codes: 0 done, 1 fault of supervise, 64 wrong usage, 69 gave up, 73 no run directory, 75 stopped before the end, 78 wrong configuration, 79 already supervised. docs/exit-codes.md explains them.',
    )
    .strictOptions()
    .help()
    .alias('help', 'h')
    .version(version())
    .alias('version', 'v')
    .exitProcess(false)
    .wrap(110)
    .fail(
      failWith({
        flags,
        hint: `${program} --help lists the flags; a setting of the experiment goes by --set key=value`,
      }),
    );
}

function toOptions(parsed: Readonly<Record<string, unknown>>): SuperviseOptions {
  const positional = parsed['_'] as (string | number)[];
  const [experiment, ...rest] = positional.map(String);
  if (experiment === undefined)
    throw new SuperviseError('USAGE', {
      what: 'no experiment file is given',
      expected: `${program} <experiment.json>`,
      hint: `try ${program} configs/quickstart.json, or ${program} --help`,
    });
  if (rest.length > 0)
    throw new SuperviseError('USAGE', { what: `unexpected argument ${rest[0]}`, expected: 'one experiment file' });
  const named = {
    run_dir: lastOf(parsed['runDir']),
    checkpoint_dir: lastOf(parsed['checkpointDir']),
    epochs: lastOf(parsed['epochs']),
    seed: lastOf(parsed['seed']),
    'training.backend': lastOf(parsed['backend']),
  };
  const given = Object.fromEntries(Object.entries(named).filter(([, value]) => value !== undefined));
  const json = lastOf(parsed['json']) === true;
  const dryRun = lastOf(parsed['dryRun']) === true;
  if (json && !dryRun)
    throw new SuperviseError('USAGE', {
      what: '--json goes with --dry-run',
      hint: `add --dry-run; the state of a run is in its status.json`,
    });
  return {
    experiment,
    dryRun,
    json,
    startOver: lastOf(parsed['noRestore']) === true,
    flags: { ...given, ...parseSettings((parsed['set'] as string[] | undefined) ?? []) },
  };
}

/** Of a flag that was given several times, the last value. */
function lastOf(value: unknown): unknown {
  return Array.isArray(value) ? value.at(-1) : value;
}

/** `key=value` pairs; a value that reads as JSON is taken as such, anything else as text. */
function parseSettings(pairs: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=');
      if (at < 1)
        throw new SuperviseError('USAGE', {
          what: `"${pair}" is no setting`,
          where: '--set',
          expected: 'key=value, such as training.batch_size=2',
        });
      return [pair.slice(0, at), parseValue(pair.slice(at + 1))];
    }),
  );
}

function parseValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function printVersion(): number {
  process.stdout.write(`${version()}\n`);
  return ExitCode.ok;
}

function version(): string {
  return (JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string })
    .version;
}
