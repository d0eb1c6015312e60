import { ExitCode, SuperviseError } from '../../protocol/index.js';
import { type CommandName, commandSummaries } from '../command-names.js';
import { addOptions } from '../option-table.js';
import { failWith } from '../usage-error.js';
import { type Command, configureParser, readCommandLine } from './command.js';

/** Loads one command, and nothing of the others. */
export const loadCommand: Readonly<Record<CommandName, () => Promise<Command>>> = {
  start: async () => (await import('./start.js')).start,
  status: async () => (await import('./status.js')).status,
  list: async () => (await import('./list.js')).list,
  logs: async () => (await import('./logs.js')).logs,
  stop: async () => (await import('./stop.js')).stop,
  restart: async () => (await import('./restart.js')).restart,
  check: async () => (await import('./check.js')).check,
  doctor: async () => (await import('./doctor.js')).doctor,
  checkpoint: async () => (await import('./checkpoint.js')).checkpoint,
  'verify-resume': async () => (await import('./verify-resume.js')).verifyResume,
  chaos: async () => (await import('./chaos.js')).chaos,
  install: async () => (await import('./install.js')).install,
  uninstall: async () => (await import('./uninstall.js')).uninstall,
};

/** Runs `supervise <name> <argv>`; returns the exit code. */
export async function runCommand(name: CommandName, argv: readonly string[]): Promise<number> {
  const [command, { default: yargs }] = await Promise.all([loadCommand[name](), import('yargs')]);
  const program = `supervise ${name}`;
  const described = configureParser(yargs([...argv]))
    .locale('en')
    .scriptName(program)
    .usage(`$0 ${command.operands}\n\n${commandSummaries[name]}.\n\n${command.about}`)
    .epilogue(`Exit codes: ${command.exitCodes}. docs/exit-codes.md explains them.`);
  const parsed = await addOptions(described, command.options)
    .strictOptions()
    .help()
    .alias('help', 'h')
    .version(false)
    .exitProcess(false)
    .wrap(110)
    .fail(failWith({ flags: [...Object.keys(command.options), 'help'], hint: `${program} --help lists the flags` }))
    .parseAsync();
  if (argv.includes('--help') || argv.includes('-h')) return ExitCode.ok;
  const line = readCommandLine(parsed);
  const surplus = line.operands[command.mostOperands];
  if (surplus !== undefined)
    throw new SuperviseError('USAGE', {
      what: `unexpected argument ${surplus}`,
      expected: `${program} ${command.operands}`,
    });
  return command.run(line);
}
