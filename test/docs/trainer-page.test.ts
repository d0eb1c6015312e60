import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { OptionTable } from '../../src/cli/option-table.js';
import { trainOptions } from '../../src/cli/train.js';
import { type TrainerCommandName, trainerSummaries } from '../../src/cli/trainer/command-names.js';
import { loadTrainerCommand } from '../../src/cli/trainer/index.js';

const page = readFileSync(new URL('../../docs/trainer.md', import.meta.url), 'utf8');
const names = Object.keys(trainerSummaries) as TrainerCommandName[];

/** The cells of the rows below a heading that begin with a flag. */
function flagsBelow(heading: string): string[][] {
  const section = page.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  const rows = section.split('\n').filter((line) => line.startsWith('| `-'));
  return rows.map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

const rowsOf = (options: OptionTable) =>
  Object.entries(options).map(([flag, { describe: description }]) => [`\`--${flag}\``, description]);

describe('docs/trainer.md', () => {
  it('has every command, in the order of the help, and none more', () => {
    const headings = [...page.matchAll(/^## supervise-train (\S+)$/gm)].map(([, name]) => name);
    expect(headings).toEqual(names);
    expect(Object.keys(loadTrainerCommand)).toEqual(names);
  });

  it('has the flags of the plain form as its help has them', () => {
    expect(flagsBelow('supervise-train')).toEqual(rowsOf(trainOptions));
  });

  it.each(names)('has every flag of %s as its help has it, and none more', async (name) => {
    const { options, operands, about } = await loadTrainerCommand[name]();
    expect(flagsBelow(`supervise-train ${name}`)).toEqual(rowsOf(options));
    expect(page).toContain(`\`supervise-train ${name} ${operands.replaceAll('|', 'or')}\``);
    for (const line of about.split('\n')) expect(line.length).toBeLessThanOrEqual(110);
  });
});
