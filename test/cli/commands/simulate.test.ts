import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { type CommandBench, openCommandBench } from './support.js';

let bench: CommandBench;
afterEach(() => bench.close());

const few = ['--epoch', '1h', '--runs', '1', '--shape', '0.75'];

describe('supervise simulate', () => {
  test('predicts less where more machines fail, and starts nothing', async () => {
    bench = openCommandBench({ changes: { epochs: 48 } });
    const args = [...few, '--workers', '8,4096', '--mtbf', '1000h', '--json'];
    const { code, stdout } = await bench.run('simulate', 'night.json', ...args);
    expect(code).toBe(0);
    const [one, many] = JSON.parse(stdout);
    expect(one).toMatchObject({ workers: 8, mtbf_secs: 3_600_000 });
    expect(many).toMatchObject({ workers: 4096, mtbf_secs: 3_600_000 / 512 });
    const goodputs = (row: { policies: { name: string; goodput: number }[] }) =>
      Object.fromEntries(row.policies.map(({ name, goodput }) => [name, goodput]));
    expect(goodputs(one)['auto']).toBeGreaterThan(0.98);
    expect(goodputs(many)['auto']).toBeLessThan(goodputs(one)['auto'] ?? 0);
    expect(goodputs(many)['auto']).toBeGreaterThan(goodputs(many)['epochs'] ?? 1);
  });

  test('takes epochs, start-up and failures from the journal of the run', async () => {
    bench = openCommandBench({ changes: { epochs: 24 } });
    const line = (record: object, index: number) =>
      JSON.stringify({ time: '2026-01-01T00:00:00.000Z', sequence: index + 1, ...record });
    const failed = {
      event: 'exited',
      attempt: 1,
      code: 1,
      class: 'crash',
      summary: '',
      evidence: [],
      ran_ms: 7_200_000,
    };
    const records = [
      { event: 'ready', attempt: 1, after_ms: 5000 },
      { event: 'epoch_completed', attempt: 1, epoch: 1, epochs_total: 24, epoch_ms: 600_000 },
      ...Array.from({ length: 3 }, () => ({ ...failed, lost_ms: 1, restarts: 1, restarts_without_progress: 1 })),
    ];
    mkdirSync(join(bench.folder, 'runs', 'night'), { recursive: true });
    writeFileSync(join(bench.folder, 'runs', 'night', 'journal.jsonl'), `${records.map(line).join('\n')}\n`);
    const { code, stdout } = await bench.run('simulate', 'night.json', '--workers', '1', '--runs', '1');
    expect(code).toBe(0);
    expect(stdout).toContain('Epochs and start-up as in the journal of the run.');
    expect(stdout).toMatch(/^1 +2 h 00 min /m);
  });

  test.each([
    [['--mtbf', 'often'], '--mtbf is often'],
    [['--workers', '8,none'], '--workers is NaN'],
    [['--cluster', 'mine'], '--cluster is mine'],
    [['--hangs', '2'], '--hangs is 2'],
    [['--shape', '0'], '--shape is 0'],
  ])('%j is refused', async (args, message) => {
    bench = openCommandBench();
    const { code, stderr } = await bench.run('simulate', 'night.json', ...args);
    expect(code).toBe(64);
    expect(stderr).toContain(message);
  });
});
