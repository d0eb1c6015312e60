import { ExitCode, SuperviseError } from '../../protocol/index.js';
import { addOptions } from '../option-table.js';
import { failWith } from '../usage-error.js';
import { configureParser, type DescribedCommand, readCommandLine } from './command.js';

/**
 * Parses a command's flags and runs it, or prints its help; returns the exit code.
 * @throws USAGE for unknown flags and surplus words; what the command throws
 */
export async function runDescribed(
  program: string,
  summary: string,
  command: DescribedCommand,
  argv: readonly string[],
): Promise<number> {
  const { default: yargs } = await import('yargs');
  const described = configureParser(yargs([...argv]))
    .locale('en')
    .scriptName(program)
    .usage(`$0 ${command.operands}\n\n${/[.?]$/.test(summary) ? summary : `${summary}.`}\n\n${unwrap(command.about)}`)
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

/** Its paragraphs without the line breaks of the source: yargs breaks lines itself, and both would. Lists stay. */
function unwrap(text: string): string {
  return text.replaceAll(/(?<!\n)\n(?![\n ])/g, ' ');
}
