import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { describe, expect, test } from 'vitest';
import { ERRORS, ExitCode, TrainerExit } from '../../src/protocol/index.js';
import { listenToSignals } from '../../src/supervisor/shell/stop-signals.js';
import { listenForSignals } from '../../src/trainer/loop/stop-signals.js';

const page = readFileSync(new URL('../../docs/exit-codes.md', import.meta.url), 'utf8');

describe('docs/exit-codes.md', () => {
  test('has every exit code of supervise with its name, and none more', () => {
    const rows = rowsBelow('What `supervise` exits with').map(([code, name]) => [name, Number(code)]);
    expect(Object.fromEntries(rows)).toEqual(byName(ExitCode));
  });

  test('has every error at the exit code that it ends with, and none more', () => {
    const rows = rowsBelow('What `supervise` exits with').flatMap((cells) =>
      [...(cells[4] ?? '').matchAll(/`(\w+)`/g)].map(([, error]) => [error, cells[1]?.replaceAll('`', '')]),
    );
    expect(Object.fromEntries(rows)).toEqual(ERRORS);
  });

  test('has every exit code of a trainer with its name, and none more', () => {
    const rows = rowsBelow('What a trainer exits with').map(([code, name]) => [name, Number(code)]);
    expect(Object.fromEntries(rows)).toEqual(byName(TrainerExit));
  });

  test('has every signal that supervise listens to, and none more', () => {
    const nothing = () => undefined;
    expect(signalsIn('Signals to `supervise`')).toEqual(signalsHeardBy(() => listenToSignals(nothing, nothing)));
  });

  test('has every signal that the reference trainer listens to, and none more', () => {
    expect(signalsIn('Signals to a trainer')).toEqual(signalsHeardBy(() => listenForSignals().dispose));
  });
});

/** The cells of the table below a heading, without its head. */
function rowsBelow(heading: string): string[][] {
  const [, section = ''] = page.split(`## ${heading}\n`);
  const rows = (section.split('\n## ')[0] ?? '').split('\n').filter((line) => line.startsWith('|'));
  return rows.slice(2).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

const byName = (codes: Readonly<Record<string, number>>) =>
  Object.fromEntries(Object.entries(codes).map(([name, code]) => [`\`${name}\``, code]));

const signalsIn = (heading: string) =>
  rowsBelow(heading)
    .map(([signal]) => signal?.replaceAll('`', ''))
    .sort();

/** The signals that have a listener more while somebody listens. */
function signalsHeardBy(listen: () => () => void): string[] {
  const names = Object.keys(constants.signals);
  const before = names.map((name) => process.listenerCount(name));
  const stop = listen();
  const heard = names.filter((name, index) => process.listenerCount(name) > (before[index] ?? 0));
  stop();
  return heard.sort();
}
