import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadExperiment } from '../../src/config/index.js';
import { SuperviseError } from '../../src/protocol/index.js';
import { classify } from '../../src/supervisor/classify.js';
import { readJournal } from '../../src/supervisor/shell/journal-writer.js';
import { readLogTail } from '../../src/supervisor/shell/log-tail.js';
import { takeLock } from '../../src/supervisor/shell/run-lock.js';
import { readProgress } from '../../src/supervisor/shell/watch-trainer-files.js';
import { startCpuTime } from '../cpu-time.js';
import { mutants, mutate } from '../mutations.js';
import { samples } from '../sample-files.js';
import { longestWaitMs, strangePlaces } from '../strange-places.js';

const longestMs = 1000;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'supervise-hostile-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const inFolder = (name: string) => join(folder, name);
const others = Object.values(samples);

/** Does something that must neither take long nor throw anything but an error for the user. */
function tried<Value>(what: string, look: () => Value): Value | SuperviseError {
  const [cpuTime, began] = [startCpuTime(), performance.now()];
  try {
    return look();
  } catch (error) {
    if (error instanceof SuperviseError) return error;
    throw new Error(what, { cause: error });
  } finally {
    if (cpuTime() >= longestMs) expect.fail(`${what}: took ${cpuTime()} ms of processor time`);
    if (performance.now() - began >= longestWaitMs) expect.fail(`${what}: took ${performance.now() - began} ms`);
  }
}

/** With SOAK, ten thousand locks are written and fsynced. */
const soakTimeout = { timeout: process.env['SOAK'] === undefined ? 300_000 : 600_000 };

describe(`${mutants.onDisk} damaged versions of each file`, soakTimeout, () => {
  it('epoch_info.json in its place', () => {
    for (const { what, bytes } of mutate(samples['epoch_info.json'], mutants.onDisk, { seed: 91, others })) {
      writeFileSync(inFolder('epoch_info.json'), bytes);
      const progress = tried(what, () => readProgress(folder, 1));
      if (progress !== undefined)
        expect(Number.isSafeInteger((progress as { epochs: number }).epochs), what).toBe(true);
    }
  });

  it('lock: of a supervisor that is gone it is taken over, and otherwise refused for a reason', () => {
    const { token } = JSON.parse(samples.lock.toString()) as { token: string };
    const options = { path: inFolder('lock'), subject: 'the run', token, runDir: folder };
    let taken = 0;
    for (const { what, bytes } of mutate(samples.lock, mutants.onDisk, { seed: 92, others })) {
      writeFileSync(options.path, bytes);
      const release = tried(what, () => takeLock(options));
      if (release instanceof SuperviseError) {
        // The lock of another machine is nobody's to judge.
        expect(release.message, what).toContain('stop it there');
        continue;
      }
      taken++;
      expect(JSON.parse(readFileSync(options.path, 'utf8'))).toMatchObject({ pid: process.pid });
      release();
    }
    expect(taken).toBeGreaterThan(0);
  });

  it('experiment.json: a configuration, or a clear message', () => {
    const path = inFolder('experiment.json');
    const count = Math.max(mutants.onDisk, mutants.inMemory / 5);
    for (const { what, bytes } of mutate(samples['experiment.json'], count, { seed: 93, others }))
      tried(what, () => loadExperiment({ path, text: bytes.toString('utf8') }));
  });
});

describe('in the place of a file', () => {
  it.each(strangePlaces)('$what: nothing is read, and nothing waits', ({ what, put }) => {
    const undo = put(inFolder('epoch_info.json'));
    expect(tried(what, () => readProgress(folder, 1))).toBeUndefined();
    expect(tried(what, () => readLogTail(inFolder('epoch_info.json')))).toHaveLength(0);
    undo();
  });

  it.each(strangePlaces)('$what as journal: the system error, or no journal', ({ what, put }) => {
    const undo = put(inFolder('journal.jsonl'));
    const began = performance.now();
    let outcome: unknown;
    try {
      outcome = readJournal(inFolder('journal.jsonl'));
    } catch (error) {
      outcome = (error as NodeJS.ErrnoException).code;
    }
    expect(performance.now() - began, what).toBeLessThan(longestWaitMs);
    if (typeof outcome === 'object') expect(outcome).toMatchObject({ entries: [] });
    undo();
  });

  it.each(strangePlaces)('$what as lock: taken, or a clear message', ({ what, put }) => {
    const undo = put(inFolder('lock'));
    const options = { path: inFolder('lock'), subject: 'the run', token: 'abcdefgh', runDir: folder };
    const outcome = tried(what, () => takeLock(options));
    if (outcome instanceof SuperviseError) expect(outcome.code).toBe('RUN_DIRECTORY');
    else outcome();
    undo();
  });
});

describe('logs', () => {
  const log = () => inFolder('output.log');
  const killed = { code: 1, signal: null };
  const classified = () => {
    const logTail = readLogTail(log());
    return { logTail, failure: classify(killed, { logTail, oomKills: undefined }) };
  };

  it('200 MB in one line cost what 64 KB cost', () => {
    const piece = Buffer.alloc(2 ** 20, 'x loss is and so on: ');
    for (let written = 0; written < 200; written++) appendFileSync(log(), piece);
    const cpuTime = startCpuTime();
    const { logTail, failure } = classified();
    expect(cpuTime()).toBeLessThan(longestMs);
    expect(logTail).toHaveLength(1);
    expect(logTail[0]?.length).toBeLessThanOrEqual(65_536);
    expect(Math.max(...failure.evidence.map((line) => line.length))).toBeLessThan(600);
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['NUL bytes', Buffer.alloc(2 ** 20)],
    ['escape characters', Buffer.alloc(2 ** 20, '\u001b[')],
    ['unfinished colours', Buffer.alloc(2 ** 20, '\u001b[31;31;31;31')],
    ['unfinished titles', Buffer.alloc(2 ** 20, '\u001b]0;title ')],
    ['carriage returns', Buffer.alloc(2 ** 20, '\r')],
    ['line ends', Buffer.alloc(2 ** 20, '\n')],
    ['spaces', Buffer.alloc(2 ** 20, ' ')],
    ['half a character', Buffer.alloc(2 ** 20, Buffer.from([0xe2, 0x82]))],
    ['words that the rules look for', Buffer.alloc(2 ** 20, 'failed to allocate device exclusive loss checkpoint ')],
    [
      'a word that a rule looks for, in each line',
      Buffer.alloc(2 ** 20, 'checkpoint checkpoint failed to allocate NCCL\n'),
    ],
    ['random bytes', Buffer.from(Array.from({ length: 2 ** 20 }, (_, index) => (index * 7919 + (index >> 8)) & 255))],
  ])('%s: read and classified in a moment', (what, content) => {
    writeFileSync(log(), content);
    const cpuTime = startCpuTime();
    const { logTail, failure } = classified();
    expect(cpuTime(), what).toBeLessThan(longestMs);
    expect(logTail.length).toBeLessThanOrEqual(200);
    expect(logTail.join('').includes('\u0000')).toBe(false);
    expect(failure.evidence.length).toBeLessThanOrEqual(8);
  });

  it('a folder in its place is no log', () => {
    mkdirSync(log());
    expect(readLogTail(log())).toEqual([]);
  });
});
