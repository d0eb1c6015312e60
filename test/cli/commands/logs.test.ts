import { appendFileSync, mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { waitFor } from '../../e2e/support.js';
import { type CommandBench, isLiving, openCommandBench } from './support.js';

let bench: CommandBench;
afterEach(() => bench.close());

const logOf = (attempt: number) => join(bench.runDir, `attempts/000${attempt}/output.log`);

function writeLog(attempt: number, text: string): void {
  mkdirSync(join(bench.runDir, `attempts/000${attempt}`), { recursive: true });
  writeFileSync(logOf(attempt), text);
}

const numbered = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => `line ${from + index}\n`).join('');

describe('supervise logs', () => {
  test('prints the end of the latest attempt, or of one that is named', async () => {
    bench = openCommandBench();
    writeLog(1, 'first\n');
    writeLog(2, numbered(1, 50_000));
    writeFileSync(join(bench.runDir, 'journal.jsonl'), '');
    const logs = async (...args: string[]) => (await bench.run('logs', ...args)).stdout;
    expect(await logs()).toBe(numbered(49_901, 50_000));
    expect(await logs('-n', '2', 'night')).toBe(numbered(49_999, 50_000));
    expect(await logs('-n', '0')).toBe('');
    expect(await logs('-n', '20000')).toBe(numbered(30_001, 50_000));
    expect(await logs('--attempt', '1')).toBe('first\n');
    appendFileSync(logOf(2), 'not yet ended');
    expect(await logs('-n', '2')).toBe('line 50000\nnot yet ended');
    expect(await bench.run('logs', '--attempt', '3')).toMatchObject({
      code: 66,
      stderr: expect.stringContaining('the latest attempt is 2'),
    });
    expect(await bench.run('logs', '-n', 'x')).toMatchObject({ code: 64 });
  });

  test('-f goes on across attempts and a truncated log, and ends with the run', async () => {
    bench = openCommandBench();
    await bench.startHeld();
    appendFileSync(logOf(1), 'one\n');
    const follow = bench.begin('logs', '-f');
    const sees = (text: string) => waitFor(`"${text}"`, () => (follow.stdout() + follow.stderr()).includes(text));
    await sees('one\n');
    appendFileSync(logOf(1), 'two\n');
    await sees('two\n');
    truncateSync(logOf(1));
    await sees('the log was truncated');
    appendFileSync(logOf(1), 'three\n');
    await sees('three\n');
    // The log of a warm spare is not yet the log of an attempt.
    writeLog(2, '');
    appendFileSync(logOf(1), 'four\n');
    await sees('four\n');
    expect((await bench.run('logs', '-n', '1')).stdout).toBe('four\n');
    process.kill(bench.status().trainer_pid ?? 0, 'SIGKILL');
    await sees('attempt 2 begins');
    expect(await follow.ended).toBe(0);
    expect(follow.stderr()).toContain('night is complete: 4/4 epochs');
    expect(follow.stdout()).toBe('one\ntwo\nthree\nfour\n');
    await waitFor('the end of the supervisor', () => !isLiving(bench.status().supervisor_pid));
  });

  test('-f waits for the first attempt, and ends with its reader', async () => {
    bench = openCommandBench();
    await bench.startHeld();
    const follow = bench.begin('logs', '-f');
    appendFileSync(logOf(1), 'one\n');
    await waitFor('a line', () => follow.stdout().includes('one'));
    follow.process.stdout?.destroy();
    await waitFor('its end', () => {
      appendFileSync(logOf(1), 'more\n');
      return follow.process.exitCode !== null;
    });
    await bench.run('stop');
  });
});
