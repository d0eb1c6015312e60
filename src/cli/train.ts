import type { Argv } from 'yargs';
import { ExitCode, SuperviseError, TrainerEnv } from '../protocol/index.js';
import { reportError } from './report-error.js';
import { trainRecognizer } from './train-recognizer.js';
import { failWith } from './usage-error.js';

const program = 'supervise-train';

/** Runs the reference trainer with its command line (without `node` and the script); returns the exit code. */
export async function train(argv: readonly string[]): Promise<number> {
  try {
    const { default: yargs } = await import('yargs');
    const parsed = await describeCommand(yargs([...argv])).parseAsync();
    const [command] = parsed._;
    if (command === 'recognizer') return await trainRecognizer(argv.slice(argv.indexOf('recognizer') + 1));
    if (argv.includes('--help') || argv.includes('--version')) return ExitCode.ok;
    const { _, $0, config, resume, ...rest } = parsed as Record<string, unknown>;
    if (command !== undefined)
      throw new SuperviseError('USAGE', {
        what: `unexpected argument ${String(command)}`,
        hint: `${program} --help lists what there is`,
      });
    return await runWith(config as string | undefined, resume === true, settingsFrom(rest));
  } catch (error) {
    return reportError(program, error);
  }
}

function describeCommand(yargs: Argv): Argv {
  return (
    yargs
      .scriptName(program)
      // `--no_restore` and `--no-restore` are flags of their own, no negations; a.b is one key.
      .parserConfiguration({
        'boolean-negation': false,
        'dot-notation': false,
        'camel-case-expansion': false,
        'duplicate-arguments-array': false,
      })
      .usage(
        '$0 [--config experiment.json] [flags]\n$0 recognizer [flags]\n\nTrains the reference model, or the recognizer that it is scored by. Every key of docs/config.md is a flag too, by its last part or any synonym.',
      )
      .option('config', { type: 'string', describe: 'Experiment file; flags win over it' })
      .option('resume', { type: 'boolean', default: false, describe: 'Continue from the newest good checkpoint' })
      .option('no_restore', { type: 'boolean', describe: 'Start afresh; what is there is set aside' })
      .option('checkpoint_dir', { type: 'string', describe: 'Where checkpoints and epoch_info.json go' })
      .option('run_dir', { type: 'string', describe: 'Where metrics and samples go' })
      .option('epochs', { type: 'string', describe: 'Epochs to complete' })
      .option('steps_per_epoch', { type: 'string', describe: 'Steps of one epoch' })
      .option('batch_size', { type: 'string', describe: 'Lines in one step' })
      .option('seed', { type: 'string', describe: 'Seed of everything random' })
      .option('backend', { type: 'string', describe: 'auto, tensorflow, webgpu, wasm or cpu' })
      .option('eager', { type: 'boolean', describe: 'Run the step operation by operation, not as a captured graph' })
      .help()
      .exitProcess(false)
      .wrap(100)
      .fail(failWith({ flags: [], hint: `${program} --help lists what there is` }))
  );
}

/** Flags in any spelling, without those that were not given. */
function settingsFrom(flags: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { eager, ...others } = flags;
  const given = Object.entries(others).filter(([, value]) => value !== undefined);
  const settings = Object.fromEntries(given.map(([name, value]) => [name.replaceAll('-', '_'), value]));
  return eager === undefined ? settings : { ...settings, captured: eager !== true };
}

async function runWith(path: string | undefined, resume: boolean, flags: Record<string, unknown>): Promise<number> {
  const { loadExperiment, resolveRun } = await import('../config/index.js');
  const runDir = process.env[TrainerEnv.runDir];
  const defaults = path === undefined && runDir !== undefined ? { run_dir: runDir } : {};
  const loaded = loadExperiment({
    path: path ?? 'train.json',
    flags: { ...defaults, ...flags },
    ...(path === undefined && { text: '{}' }),
  });
  const run = resolveRun(loaded, process.cwd());
  for (const { message, line } of loaded.warnings)
    process.stderr.write(`warning: ${line === undefined ? '' : `${loaded.path}:${line}: `}${message}\n`);
  const { runTrainer } = await import('../trainer/index.js');
  const paths = { ...run, runDir: runDir ?? run.runDir };
  return runTrainer({
    config: loaded.config,
    paths,
    resume,
    noRestore: flags['no_restore'] === true,
    log: (line) => process.stdout.write(`${line}\n`),
  });
}
