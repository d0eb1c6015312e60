import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { journalEvents, runStates } from '../../src/protocol/index.js';
import { failureClasses } from '../../src/supervisor/failure-classes.js';

const read = (name: string) => readFileSync(new URL(`../../docs/${name}.md`, import.meta.url), 'utf8');

describe('docs/supervisor.md', () => {
  it('has every class of failure with its remedy and advice, and none more', () => {
    const table = read('supervisor').split('<!-- classes -->')[1]?.split('<!-- /classes -->')[0] ?? '';
    const rows = table.trim().split('\n').slice(2);
    expect(rows).toEqual(
      Object.entries(failureClasses).map(
        ([name, { remedy, title, advice }]) => `| \`${name}\` | ${title} | \`${remedy}\` | ${advice} |`,
      ),
    );
  });

  it('has every state', () => {
    for (const state of runStates) expect(read('supervisor')).toContain(`| \`${state}\` |`);
  });
});

describe('docs/run-directory.md', () => {
  it('has every event of the journal', () => {
    for (const event of Object.keys(journalEvents)) expect(read('run-directory')).toContain(`\`${event}\``);
  });
});
