import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type CommandName, commandSummaries } from '../../src/cli/command-names.js';
import { loadCommand } from '../../src/cli/commands/index.js';

const page = readFileSync(new URL('../../docs/commands.md', import.meta.url), 'utf8');
const names = Object.keys(commandSummaries) as CommandName[];

/** The cells of the rows below a command's heading that begin with a flag. */
function flagsOf(name: CommandName): string[][] {
  const section = page.split(`\n## supervise ${name}\n`)[1]?.split('\n## ')[0] ?? '';
  const rows = section.split('\n').filter((line) => line.startsWith('| `-'));
  return rows.map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

describe('docs/commands.md', () => {
  it('has every command, in the order of the help, and none more', () => {
    const headings = [...page.matchAll(/^## supervise (\S+)$/gm)].map(([, name]) => name);
    expect(headings).toEqual(names);
  });

  it.each(names)('has every flag of supervise %s as its help has it, and none more', async (name) => {
    const { options, operands } = await loadCommand[name]();
    const expected = Object.entries(options).map(([flag, { alias, describe }]) => [
      `${alias === undefined ? '' : `\`-${alias}\`, `}\`--${flag}\``,
      describe,
    ]);
    expect(flagsOf(name)).toEqual(expected);
    expect(page).toContain(`\`supervise ${name} ${operands.replaceAll('|', 'or')}\``);
  });
});
