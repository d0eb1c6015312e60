import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { classify } from '../../src/supervisor/classify.js';
import { type CorpusTail, readCorpus, scoreTails } from './failure-corpus.js';

const develop = readCorpus('develop');
const heldOut = readCorpus('held-out');
const all = [...develop, ...heldOut];

const byCodeAlone = ({ status }: CorpusTail) => classify(status, { logTail: [], oomKills: undefined }).class;
const byRules = ({ status, lines }: CorpusTail) =>
  classify(status, { logTail: lines.filter((line) => line !== ''), oomKills: undefined }).class;

describe('the corpus of failures', () => {
  it('has at least 80 tails of at least 15 classes, about half of them held out', () => {
    expect(all.length).toBeGreaterThanOrEqual(80);
    expect(new Set(all.map(({ expected }) => expected)).size).toBeGreaterThanOrEqual(15);
    expect(heldOut.length / all.length).toBeGreaterThan(0.4);
    expect(heldOut.length / all.length).toBeLessThan(0.6);
  });

  it('holds no tail twice', () => {
    const keys = all.map(({ source, status, lines }) => JSON.stringify([source, status, lines]));
    expect(new Set(keys).size).toBe(keys.length);
  });

  it.each([['develop', develop] as const, ['held-out', heldOut] as const, ['all', all] as const])(
    'is named right: macro-F1 of %s is at least 0.95',
    (_, tails) => {
      const { macroF1, confusions } = scoreTails(tails, byRules);
      expect(macroF1, confusions.join('\n')).toBeGreaterThanOrEqual(0.95);
    },
  );

  it('cannot be named by exit codes alone', () => {
    expect(scoreTails(all, byCodeAlone).macroF1).toBeLessThan(0.3);
  });

  it('gives the figures of docs/supervisor.md', () => {
    const page = readFileSync(new URL('../../docs/supervisor.md', import.meta.url), 'utf8');
    const figures = page.split('<!-- failure figures -->')[1]?.split('<!-- /failure figures -->')[0];
    expect(figures?.trim()).toBe(describeFigures());
  });
});

function describeFigures(): string {
  const sets: [string, readonly CorpusTail[], (tail: CorpusTail) => string][] = [
    ['all, exit code or signal alone', all, byCodeAlone],
    ['all, with the rules', all, byRules],
    ['`develop`, with the rules', develop, byRules],
    ['`held-out`, with the rules as they are now', heldOut, byRules],
  ];
  return [
    '| tails | number | classes | named wrong | macro-F1 |',
    '| --- | --- | --- | --- | --- |',
    ...sets.map(([name, tails, nameOf]) => {
      const { classes, macroF1, confusions } = scoreTails(tails, nameOf);
      return `| ${name} | ${tails.length} | ${classes} | ${confusions.length} | ${macroF1.toFixed(3)} |`;
    }),
  ].join('\n');
}
