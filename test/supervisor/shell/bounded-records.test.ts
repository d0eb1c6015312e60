import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { followJournal } from '../../../src/chaos/journal-tail.js';
import { attemptPaths, type JournalRecord, parseJournal, runPaths } from '../../../src/protocol/index.js';
import { readHistory } from '../../../src/supervisor/run-history.js';
import { openJournal, readJournal } from '../../../src/supervisor/shell/journal-writer.js';
import { limitLog } from '../../../src/supervisor/shell/limit-log.js';
import { pruneAttempts } from '../../../src/supervisor/shell/prune-attempts.js';
import { openSupervisorLog } from '../../../src/supervisor/shell/supervisor-log.js';

const folder = mkdtempSync(join(tmpdir(), 'supervise-bounded-'));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const started = {
  ...{ event: 'run_started', supervisor_pid: 1, token: 'a'.repeat(32), start: 'new', experiment_name: 'n' },
  ...{ epochs_total: 9, run_dir: '/r', checkpoint_dir: '/r/c', command: [] },
} as const satisfies JournalRecord;

const failed = (attempt: number): JournalRecord => ({
  ...{ event: 'exited', attempt, code: 1, class: 'crash', summary: 's', evidence: [] },
  ...{ ran_ms: 10, lost_ms: 1, restarts: attempt, restarts_without_progress: 0 },
});

describe('the journal', () => {
  it('is rotated: the same state is rebuilt, a reader that follows misses nothing, and old parts go', async () => {
    mkdirSync(folder, { recursive: true });
    const path = join(folder, 'journal.jsonl');
    const errors: unknown[] = [];
    const journal = openJournal(path, (error) => errors.push(error), { partBytes: 4000 });
    const follow = followJournal(path);
    journal.append(started);
    const launches = 400;
    for (let attempt = 1; attempt <= launches; attempt++) {
      journal.append({ event: 'launching', attempt, resume: true, command: ['train'] });
      journal.append(failed(attempt));
      if (attempt % 10 === 0) await sleep(30);
      follow();
    }
    await sleep(50);
    journal.close();
    expect(errors).toEqual([]);
    const { token, facts } = readHistory(readJournal(path).entries);
    expect({ token, attempt: facts.attempt, failed: facts.failed }).toEqual({
      ...{ token: started.token, attempt: launches },
      failed: { ranMs: 10 * launches, count: launches },
    });
    const seen = follow().flatMap((entry) => (entry.event === 'launching' ? [entry.attempt] : []));
    expect(seen).toEqual(Array.from({ length: launches }, (_, index) => index + 1));
    const parts = readdirSync(folder).sort();
    expect(parts).toHaveLength(4);
    for (const part of parts) {
      expect(statSync(join(folder, part)).size).toBeLessThan(12_000);
      expect(parseJournal(readFileSync(join(folder, part), 'utf8')).damaged).toBe(0);
    }
  });
});

describe('supervisor.log', () => {
  it('begins anew when it is long; one earlier is kept', () => {
    mkdirSync(folder, { recursive: true });
    const path = join(folder, 'supervisor.log');
    const log = openSupervisorLog(path, { mostBytes: 2000 });
    for (let line = 0; line < 200; line++) log.logger.info({ line }, 'a line of the log');
    log.close();
    expect(readdirSync(folder).sort()).toEqual(['supervisor.log', 'supervisor.log.1']);
    for (const name of readdirSync(folder)) expect(statSync(join(folder, name)).size).toBeLessThan(2200);
    expect(readFileSync(`${path}.1`, 'utf8') + readFileSync(path, 'utf8')).toContain('"line":199');
  });
});

describe('folders of attempts', () => {
  it('of long ago go; the first ten and what is not ours stay', () => {
    const paths = runPaths(folder);
    for (let attempt = 1; attempt <= 400; attempt++) mkdirSync(attemptPaths(paths, attempt).root, { recursive: true });
    mkdirSync(join(paths.attempts, 'notes'));
    mkdirSync(join(paths.attempts, '11'));
    pruneAttempts(paths, 399);
    expect(readdirSync(paths.attempts)).toHaveLength(402);
    pruneAttempts(paths, 400);
    expect(readdirSync(paths.attempts)).toHaveLength(10 + 200 + 2);
    for (const attempt of [1, 10, 201, 400]) expect(existsSync(attemptPaths(paths, attempt).root)).toBe(true);
    for (const attempt of [11, 200]) expect(existsSync(attemptPaths(paths, attempt).root)).toBe(false);
  });
});

describe('the log of an attempt', () => {
  it('is cut at its limit, and the trainer writes on at its new end', async () => {
    mkdirSync(folder, { recursive: true });
    const path = join(folder, 'output.log');
    const log = openSync(path, 'a');
    const script = 'i=0; while [ ! -e "$STOP" ]; do i=$((i+1)); echo "line $i of the trainer"; done; echo the end';
    const stop = join(folder, 'stop');
    const trainer = spawn('/bin/sh', ['-c', script], { stdio: ['ignore', log, 'ignore'], env: { STOP: stop } });
    closeSync(log);
    const sizes: number[] = [];
    while (sizes.length < 3 && trainer.exitCode === null) {
      const cut = limitLog(path, 2000);
      if (cut !== undefined) sizes.push(cut);
      await sleep(1);
    }
    writeFileSync(stop, '');
    await once(trainer, 'exit');
    expect(sizes.length).toBeGreaterThan(0);
    expect(Math.min(...sizes)).toBeGreaterThan(2000);
    const rest = readFileSync(path, 'utf8');
    expect(rest.startsWith('\0')).toBe(false);
    expect(rest.endsWith('the end\n')).toBe(true);
    const kept = readFileSync(`${path}.1`, 'utf8').split('\n').slice(1, -1);
    const numbers = kept.map((line) => Number(/line (\d+) of/.exec(line)?.[1]));
    expect(numbers).toEqual(numbers.map((_, index) => (numbers[0] ?? 0) + index));
  });

  it('stays as it is below its limit, when it is gone, and when its last part cannot be kept', () => {
    mkdirSync(join(folder, 'full.log.1'), { recursive: true });
    const path = join(folder, 'full.log');
    expect(limitLog(path, 10)).toBeUndefined();
    writeFileSync(path, 'more than ten bytes');
    expect(limitLog(path, 100)).toBeUndefined();
    expect(limitLog(path, 10)).toBeUndefined();
    expect(readFileSync(path, 'utf8')).toBe('more than ten bytes');
  });
});
