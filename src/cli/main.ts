import { setFlagsFromString } from 'node:v8';
import type { Argv } from 'yargs';
import { ExitCode } from '../protocol/index.js';
import { commandSummaries, isCommandName } from './command-names.js';
import { addOptions } from './option-table.js';
import { outliveOutput } from './outlive-output.js';
import { packageVersion } from './package-version.js';
import { reportError } from './report-error.js';
import { startOptions, toOptions } from './start-options.js';
import { failWith, orMeantCommand } from './usage-error.js';

const program = 'supervise';

/** Runs `supervise` with its command line (without `node` and the script); returns the exit code. */
export async function supervise(argv: readonly string[]): Promise<number> {
  outliveOutput();
  try {
    const [first] = argv;
    if (argv.length === 1 && (first === '--version' || first === '-v')) return printVersion();
    if (isCommandName(first)) {
      optimize();
      const { runCommand } = await import('./commands/index.js');
      return await runCommand(first, argv.slice(1));
    }
    const parsed = await parse(argv);
    if (['--help', '-h', '--version', '-v'].some((flag) => argv.includes(flag))) return ExitCode.ok;
    const options = toOptions(parsed, program);
    const { runExperiment } = await import('./run-experiment.js');
    return await runExperiment(options);
  } catch (error) {
    return reportError(program, orMeantCommand(error, argv[0], Object.keys(commandSummaries)));
  }
}

/**
 * The launcher starts without the optimizing compiler; commands that compute are to have it, and a supervisor from its first
 * relaunch on.
 */
function optimize(): void {
  setFlagsFromString('--opt');
}

/** One experiment file and no flag needs no parser: the usual launch does without loading it, and without its memory. */
async function parse(argv: readonly string[]): Promise<Readonly<Record<string, unknown>>> {
  if (argv.length === 1 && argv[0]?.startsWith('-') === false) return { _: argv };
  const { default: yargs } = await import('yargs');
  return describeCommand(yargs([...argv])).parseAsync();
}

function describeCommand(yargs: Argv): Argv {
  const described = yargs
    .locale('en')
    .scriptName(program)
    .parserConfiguration({ 'boolean-negation': false, 'dot-notation': false })
    .usage(
      `$0 <experiment.json> [flags]\n$0 <command> [flags]\n\nKeeps the training run that the file describes alive until its epochs are done. The same command\nstarts it, and continues it after a crash, Ctrl-C or a reboot.\n\nCommands (a file of such a name is written ./status):\n${listCommands()}`,
    );
  return addOptions(described, startOptions)
    .example('$0 configs/quickstart.json', 'the main job')
    .example('$0 night.json --set training.batch_size=2', 'with one setting changed')
    .epilogue(
      'Exit codes: 0 done, 1 fault of supervise, 3 not running (status), 64 wrong usage, 66 no such run, 69 gave up, 73 no run directory, 75 stopped before the end, 78 wrong configuration, 79 already supervised. docs/exit-codes.md explains them; docs/commands.md explains the commands.',
    )
    .strictOptions()
    .help()
    .alias('help', 'h')
    .version(packageVersion())
    .alias('version', 'v')
    .exitProcess(false)
    .wrap(110)
    .fail(
      failWith({
        flags: [...Object.keys(startOptions), 'help'],
        hint: `${program} --help lists the flags; a setting of the experiment goes by --set key=value, --detach by ${program} start`,
      }),
    );
}

function listCommands(): string {
  return Object.entries(commandSummaries)
    .map(([name, summary]) => `  ${name.padEnd(13)} ${summary}`)
    .join('\n');
}

function printVersion(): number {
  process.stdout.write(`${packageVersion()}\n`);
  return ExitCode.ok;
}
