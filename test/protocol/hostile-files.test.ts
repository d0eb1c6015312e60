import { describe, expect, it } from 'vitest';
import { isUnreadable, parseEpochInfo } from '../../src/protocol/epoch-info.js';
import { parseHeartbeat } from '../../src/protocol/heartbeat.js';
import { parseJournal } from '../../src/protocol/journal.js';
import { parseStatus } from '../../src/protocol/status.js';
import { isFinished, progressOf } from '../../src/supervisor/progress.js';
import { readHistory } from '../../src/supervisor/run-history.js';
import { startCpuTime } from '../cpu-time.js';
import { mutants, mutate } from '../mutations.js';
import { samples } from '../sample-files.js';

/** A mutant takes microseconds; this is what a busy machine may make of the slowest of them. */
const longestMs = 500;

/** Gives every mutant of a sample to `look`; none may throw or take long. */
function examine(name: keyof typeof samples, seed: number, look: (text: string) => void): void {
  const others = Object.values(samples).filter((content) => content !== samples[name]);
  let count = 0;
  for (const { what, bytes } of mutate(samples[name], mutants.inMemory, { seed, others })) {
    const text = bytes.toString('utf8');
    const cpuTime = startCpuTime();
    try {
      look(text);
    } catch (error) {
      throw new Error(`${name}, ${what}: ${text.slice(0, 300)}`, { cause: error });
    }
    if (cpuTime() >= longestMs) expect.fail(`${name}, ${what}: took ${cpuTime()} ms of processor time`);
    count++;
  }
  expect(count).toBe(mutants.inMemory);
}

describe(`${mutants.inMemory} damaged versions of each file`, () => {
  it.each([0, 1] as const)(
    'epoch_info.json, counted from %i: never completes a run that it does not call complete',
    (base) => {
      const total = 15;
      let finished = 0;
      examine('epoch_info.json', 11 + base, (text) => {
        const info = parseEpochInfo(text, base);
        if (isUnreadable(info)) return;
        expect(Number.isSafeInteger(info.last_completed_epoch)).toBe(true);
        expect(info.last_completed_epoch).toBeGreaterThanOrEqual(0);
        // What the journal keeps of it can be written and read again.
        expect(JSON.parse(JSON.stringify(info))).toMatchObject({ last_completed_epoch: info.last_completed_epoch });
        const progress = progressOf(info);
        expect(Number.isSafeInteger(progress.partialStep)).toBe(true);
        if (!isFinished(progress, total)) return;
        finished++;
        const raw = JSON.parse(text) as Record<string, unknown>;
        const epochs = Number(raw['last_completed_epoch']) + 1 - base;
        expect(epochs >= total || raw['status'] === 'early_stopped').toBe(true);
      });
      expect(finished).toBeGreaterThan(0);
    },
  );

  it('heartbeat.json: whole numbers, a known phase and finite values, or none', () => {
    examine('heartbeat.json', 21, (text) => {
      const heartbeat = parseHeartbeat(text);
      if (heartbeat === undefined) return;
      const { attempt, pid, epoch, step, steps_per_epoch } = heartbeat;
      for (const number of [attempt, pid, epoch, step, steps_per_epoch])
        expect(Number.isSafeInteger(number)).toBe(true);
      expect(Object.values(heartbeat.values ?? {}).every(Number.isFinite)).toBe(true);
      JSON.stringify(heartbeat);
    });
  });

  it('journal.jsonl: a history comes out, and what is intact counts', () => {
    const intact = readHistory(parseJournal(samples['journal.jsonl'].toString()).entries);
    expect(intact).toMatchObject({ openAttempt: 2, openLaunch: { pid: 4712 }, facts: { mostEpochs: 3, restarts: 1 } });
    let known = 0;
    examine('journal.jsonl', 31, (text) => {
      const { entries, damaged } = parseJournal(text);
      expect(entries.length + damaged).toBe(text.split('\n').filter((line) => line.trim() !== '').length);
      const history = readHistory(entries);
      expect(Number.isSafeInteger(history.facts.attempt + 1)).toBe(true);
      expect(Number.isSafeInteger(history.facts.mostEpochs)).toBe(true);
      if (history.token !== undefined) expect(history.token).toMatch(/^[\w-]+$/);
      if (history.token === intact.token) known++;
      JSON.stringify(history);
    });
    expect(known).toBeGreaterThan(mutants.inMemory / 3);
  });

  it('status.json: what every reader needs, or none', () => {
    examine('status.json', 41, (text) => {
      const status = parseStatus(text);
      if (status !== undefined) expect(Number.isSafeInteger(status.epochs_completed)).toBe(true);
    });
  });
});

describe('a long journal', () => {
  it('of 300,000 entries is read', () => {
    const line = `${JSON.stringify({ time: '2026-01-01T00:00:00Z', event: 'launching', attempt: 7, resume: true, command: [] })}\n`;
    const epoch = `${JSON.stringify({ time: '2026-01-01T00:00:00Z', event: 'epoch_completed', attempt: 7, epoch: 3, epochs_total: 9 })}\n`;
    const { facts } = readHistory(parseJournal(line.repeat(150_000) + epoch.repeat(150_000)).entries);
    expect(facts).toMatchObject({ attempt: 7, mostEpochs: 3 });
  });
});
