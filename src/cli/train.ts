import type { Argv } from 'yargs';
import { ExitCode, SuperviseError, TrainerEnv } from '../protocol/index.js';
import { addOptions, type OptionTable } from './option-table.js';
import { outliveOutput } from './outlive-output.js';
import { packageVersion } from './package-version.js';
import { reportError } from './report-error.js';
import { isTrainerCommand, trainerSummaries } from './trainer/command-names.js';
import { failWith } from './usage-error.js';

const program = 'supervise-train';

/** The flags of the plain form that its help names; every key of the configuration is one besides. */
export const trainOptions: OptionTable = {
  config: { type: 'string', describe: 'Experiment file; flags win over it' },
  resume: { type: 'boolean', describe: 'Continue from the newest good checkpoint' },
  no_restore: { type: 'boolean', describe: 'Start afresh; what is there is set aside' },
  checkpoint_dir: { type: 'string', describe: 'Where checkpoints and epoch_info.json go' },
  run_dir: { type: 'string', describe: 'Where metrics and samples go' },
  epochs: { type: 'string', describe: 'Epochs to complete' },
  steps_per_epoch: { type: 'string', describe: 'Steps of one epoch' },
  batch_size: { type: 'string', describe: 'Lines in one step' },
  seed: { type: 'string', describe: 'Seed of everything random' },
  backend: { type: 'string', describe: 'auto, tensorflow, webgpu, wasm or cpu' },
  eager: { type: 'boolean', describe: 'Run the step operation by operation, not recorded and replayed' },
};

/** Runs `supervise-train` with its command line (without `node` and the script); returns the exit code. */
export async function train(argv: readonly string[]): Promise<number> {
  const [first] = argv;
  outliveOutput();
  try {
    if (isTrainerCommand(first)) {
      const { runTrainerCommand } = await import('./trainer/index.js');
      return await runTrainerCommand(first, argv.slice(1));
    }
    const { default: yargs } = await import('yargs');
    const parsed = await describeTraining(yargs([...argv])).parseAsync();
    if (['--help', '-h', '--version'].some((flag) => argv.includes(flag))) return ExitCode.ok;
    const { _, $0, config, resume, ...rest } = parsed as Record<string, unknown>;
    const [surplus] = _ as readonly unknown[];
    if (surplus !== undefined)
      throw new SuperviseError('USAGE', {
        what: `unexpected argument ${String(surplus)}`,
        hint: `${program} --config <experiment.json> trains; ${program} --help lists commands and flags`,
      });
    return await runWith(config as string | undefined, resume === true, settingsFrom(rest));
  } catch (error) {
    return reportError(program, error, { namesCode: true });
  }
}

function describeTraining(yargs: Argv): Argv {
  const commands = Object.entries(trainerSummaries).map(([name, summary]) => `  ${name.padEnd(11)} ${summary}`);
  const described = yargs
    .locale('en')
    .scriptName(program)
    // `--no_restore` and `--no-restore` are flags of their own, no negations; a.b is one key.
    .parserConfiguration({
      'boolean-negation': false,
      'dot-notation': false,
      'camel-case-expansion': false,
      'duplicate-arguments-array': false,
    })
    .version(packageVersion())
    .usage(
      `$0 [--config experiment.json] [flags]\n$0 <command> [flags]\n\nTrains the reference model. Every key of docs/config.md is a flag too, by its last part or any synonym.\n\nCommands:\n${commands.join('\n')}`,
    );
  return addOptions(described, trainOptions)
    .epilogue('docs/trainer.md explains the commands, docs/exit-codes.md the exit codes.')
    .help()
    .alias('help', 'h')
    .exitProcess(false)
    .wrap(110)
    .fail(failWith({ flags: [], hint: `${program} --help lists what there is` }));
}

/** Flags in any spelling, without those that were not given. */
function settingsFrom(flags: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { eager, help: _help, h: _h, version: _version, ...others } = flags;
  const isGiven = (name: string, value: unknown) => value !== undefined && !(value === false && name in trainOptions);
  const given = Object.entries(others).filter(([name, value]) => isGiven(name, value));
  const settings = Object.fromEntries(given.map(([name, value]) => [name.replaceAll('-', '_'), value]));
  return eager === true ? { ...settings, captured: false } : settings;
}

async function runWith(path: string | undefined, resume: boolean, flags: Record<string, unknown>): Promise<number> {
  const { loadExperiment, resolveRun } = await import('../config/index.js');
  const runDir = process.env[TrainerEnv.runDir];
  const defaults = path === undefined && runDir !== undefined ? { run_dir: runDir } : {};
  const loaded = loadExperiment({
    path: path ?? 'train.json',
    flags: { ...defaults, ...Object.fromEntries(Object.entries(flags).map(([name, value]) => [`--${name}`, value])) },
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
