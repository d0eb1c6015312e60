import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { ChaosReport } from '../../../src/chaos/index.js';
import { type Bench, openBench, readJson, waitFor } from '../../e2e/support.js';
import { repository } from '../support.js';

let bench: Bench;
afterEach(() => bench.close());

const trainer = join(repository, 'test/fixtures/trainers/trains-until-told.mjs');

function experiment(epochs: number, more: object = {}): string {
  return bench.experiment('night.json', {
    experiment_name: 'night',
    epochs,
    trainer: { command: [process.execPath, trainer] },
    hang: { min_ms: 1000, max_ms: 3000, startup_max_ms: 20_000 },
    restart: { initial_delay_ms: 1, max_delay_ms: 20, stop_grace_ms: 500 },
    ...more,
  });
}

describe('supervise chaos', () => {
  test('tries every fault of the list, and reports it as table, JSON and page', async () => {
    bench = openBench('chaos-command');
    const path = experiment(60);
    const list = ['sigkill', 'torn-checkpoint', 'supervisor-sigkill'];
    const mean = ['--mean-time-between', '2s', '--seed', '7', '--epochs', '60'];
    const run = bench.supervise('chaos', path, '--faults', list.join(','), ...mean);
    expect((await run.ended).code, run.output()).toBe(0);
    expect(run.output()).toMatch(/^fault +injected +detected +recovered +to detect +to recover +work lost +seen as$/m);
    expect(run.output()).toContain('Final state equal to the unbroken run: 1 of 1. False kills: 0.');
    expect(run.output()).toContain('Everything came as it is to be.');
    const out = join(bench.folder, 'runs/night.chaos');
    const report = readJson(join(out, 'report.json')) as unknown as ChaosReport;
    const [only] = report.runs;
    expect(only).toMatchObject({ end: 'completed', state: { verdict: 'identical', distance: 0 }, orphans: [] });
    expect(
      only?.records
        .slice(0, 3)
        .map(({ fault }) => fault)
        .sort(),
    ).toEqual([...list].sort());
    const page = readFileSync(join(out, 'report.html'), 'utf8');
    for (const text of [...list, 'Passed', 'night']) expect(page).toContain(text);
    expect(page).not.toMatch(/(src|href)=|@import|url\(/);
    // Nothing of the run itself, and no scratch folder.
    expect(readdirSync(join(bench.folder, 'runs'))).toEqual(['night.chaos']);
  }, 300_000);

  test('Ctrl-C ends it in order, with a report of what is known', async () => {
    bench = openBench('chaos-stop');
    const path = experiment(60);
    const rate = ['--mean-time-between', '300ms', '--epochs', '60', '--runs', '50'];
    const run = bench.supervise('chaos', path, '--faults', 'sigkill', ...rate);
    await waitFor('a fault', () => run.output().includes('✓ sigkill'));
    run.process.kill('SIGINT');
    expect((await run.ended).code, run.output()).toBe(75);
    const report = readJson(join(bench.folder, 'runs/night.chaos/report.json')) as unknown as ChaosReport;
    expect(report).toMatchObject({ isInterrupted: true, runsPlanned: 50 });
    expect(report.runs[0]?.records[0]).toMatchObject({ fault: 'sigkill', isInjected: true, isRecovered: true });
    expect(readdirSync(join(bench.folder, 'runs'))).toEqual(['night.chaos']);
  }, 300_000);

  test('wrong words are wrong usage', async () => {
    bench = openBench('chaos-usage');
    const path = experiment(3);
    for (const [args, said] of [
      [['--faults', 'sigkil'], 'did you mean sigkill?'],
      [['--mean-time-between', '20'], 'a duration with its unit'],
      [['--runs', '0'], 'a whole number above 0'],
    ] as const) {
      const run = bench.supervise('chaos', path, ...args);
      expect((await run.ended).code, run.output()).toBe(64);
      expect(run.output()).toContain(said);
    }
    expect(existsSync(join(bench.folder, 'runs'))).toBe(false);
  });
});

describe('supervise drill', () => {
  test('kills and recovers a copy, and leaves nothing of it', async () => {
    bench = openBench('drill');
    const run = bench.supervise('drill', experiment(100_000), '--json');
    expect((await run.ended).code, run.output()).toBe(0);
    const text = run.output();
    const report = JSON.parse(text.slice(text.indexOf('{\n'), text.lastIndexOf('}') + 1));
    expect(report).toMatchObject({ passed: true, fault: 'sigkill', record: { isDetected: true, seenAs: 'killed' } });
    expect(report.caughtUpMs).toBeGreaterThan(0);
    expect(report.resumedFrom).toMatch(/^ckpt-\d+\.safetensors$/);
    expect(readdirSync(join(bench.folder, 'runs'))).toEqual([]);
  });

  test('does not pass when the trainer cannot come back', async () => {
    bench = openBench('drill-lost');
    const broken = `if (process.argv.includes('--resume')) process.exit(1); await import(${JSON.stringify(trainer)});`;
    const path = experiment(100_000, {
      trainer: { command: [process.execPath, '--input-type=module', '-e', broken, '--'] },
      restart: { initial_delay_ms: 1, max_delay_ms: 5 },
    });
    const run = bench.supervise('drill', path, '--patience', '5s');
    expect((await run.ended).code, run.output()).toBe(1);
    expect(run.output()).toContain('not passed');
    expect(run.output()).toMatch(/at work again +no/);
  });
});
