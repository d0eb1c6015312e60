import { type ChildProcess, fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readBootId, readProcess } from '../../src/supervisor/shell/processes.js';
import { takeLock } from '../../src/supervisor/shell/run-lock.js';

const racer = resolve(import.meta.dirname, '../fixtures/lock-racer.mjs');
const racers = 20;
const rounds = 50;
/** Of the cases that are like another one. */
const fewRounds = process.env['SOAK'] === undefined ? 15 : rounds;
const token = 'a-token-of-this-test';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'supervise-lock-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Answer {
  readonly pid: number;
  readonly hasWon: boolean;
  readonly exitCode?: number;
  readonly message?: string;
}

const holder = (changes: object = {}) => ({
  ...{ pid: process.pid, start_time: readProcess(process.pid)?.startTime, boot_id: readBootId(), host: hostname() },
  ...{ token, run_dir: '/runs/earlier', since: '2026-01-01T00:00:00Z', nonce: 'n-1', ...changes },
});
const gone = () => spawnSync('true').pid;

async function ask(children: readonly ChildProcess[], message: object): Promise<Answer[]> {
  const answers = Promise.all(children.map((child) => once(child, 'message')));
  for (const child of children) child.send(message);
  return (await answers).map(([answer]) => answer as Answer);
}

describe(`${racers} processes race for a lock`, () => {
  let children: ChildProcess[];
  beforeAll(async () => {
    children = Array.from({ length: racers }, () => fork(racer));
    await Promise.all(children.map((child) => once(child, 'message')));
  });
  afterAll(() => {
    for (const child of children) child.kill('SIGKILL');
  });

  it.each([
    ['a fresh one', rounds, () => undefined],
    ['that of a supervisor that died', rounds, () => JSON.stringify(holder({ pid: gone() }))],
    ['that of a reused pid', fewRounds, () => JSON.stringify(holder({ start_time: '1' }))],
    ['a torn one', fewRounds, () => JSON.stringify(holder()).slice(0, 60)],
  ])(
    '%s, %i times: one gets it, the others are told who',
    async (_, times, before) => {
      for (let round = 0; round < times; round++) {
        const path = join(folder, 'lock');
        const content = before();
        if (content !== undefined) writeFileSync(path, content);
        const answers = await ask(children, { path, token, at: Date.now() + 25 });
        const winners = answers.filter(({ hasWon }) => hasWon);
        expect(
          winners.map(({ pid }) => pid),
          `round ${round}`,
        ).toHaveLength(1);
        expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ pid: winners[0]?.pid });
        for (const { hasWon, exitCode, message } of answers) {
          if (hasWon) continue;
          expect(exitCode).toBe(79);
          expect(message).toContain(`supervisor ${winners[0]?.pid} keeps it`);
        }
        await ask(children, { isOver: true });
        expect(readdirSync(folder), 'nothing is left behind').toEqual([]);
      }
    },
    300_000,
  );
});

describe('a lock', () => {
  const path = () => join(folder, 'lock');
  const take = () => takeLock({ path: path(), subject: 'the run', token, runDir: folder });

  it.each([
    ['of another boot', holder({ boot_id: 'another' })],
    ['of a pid that another process has now', holder({ start_time: '1' })],
    ['of a process that is gone', holder({ pid: gone() })],
  ])('%s is taken over', (_, content) => {
    writeFileSync(path(), JSON.stringify(content));
    const release = take();
    expect(JSON.parse(readFileSync(path(), 'utf8')).nonce).not.toBe('n-1');
    release();
    expect(readdirSync(folder)).toEqual([]);
  });

  it.each(['', '{', 'null', '7', JSON.stringify(holder()).slice(0, -20), '\0\0\0'])(
    'torn (%j) is taken over',
    (content) => {
      writeFileSync(path(), content);
      take()();
      expect(existsSync(path())).toBe(false);
    },
  );

  it('of a living supervisor is refused, and stays', () => {
    const content = JSON.stringify(holder());
    writeFileSync(path(), content);
    expect(take).toThrow(`supervisor ${process.pid} keeps it since 2026-01-01`);
    expect(readFileSync(path(), 'utf8')).toBe(content);
    rmSync(path());
  });

  it('of another machine is refused, with the way out', () => {
    writeFileSync(path(), JSON.stringify(holder({ host: 'elsewhere', pid: gone() })));
    expect(take).toThrow(/on elsewhere .*[\s\S]*if that machine is gone for good, remove/);
    rmSync(path());
  });

  it('that was lost is not released twice', () => {
    const release = take();
    writeFileSync(path(), JSON.stringify(holder()));
    release();
    expect(existsSync(path())).toBe(true);
    rmSync(path());
  });
});
