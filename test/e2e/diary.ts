import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect } from 'vitest';
import { parseJournal } from '../../src/protocol/index.js';
import type { Bench } from './support.js';

/** A note of `fixtures/trainers/keeps-a-diary.mjs`; `at` is in monotonic microseconds. */
export interface Note {
  readonly at: number;
  readonly pid: number;
  readonly attempt: number;
  readonly what: 'start' | 'epoch' | 'stop' | 'not alone';
  readonly value: unknown;
}

const trainer = resolve(import.meta.dirname, '../fixtures/trainers/keeps-a-diary.mjs');

/** An experiment around that trainer, with budgets that no campaign uses up. */
export function diaryExperiment(bench: Bench, epochs: number, env: Readonly<Record<string, string>> = {}): string {
  return bench.experiment('diary.json', {
    experiment_name: 'diary',
    epochs,
    trainer: { command: [process.execPath, trainer], env },
    restart: {
      ...{ initial_delay_ms: 1, max_delay_ms: 5, max_restarts: 10_000, max_restarts_without_progress: 10_000 },
      stop_grace_ms: 2000,
    },
  });
}

export function diaryRun(bench: Bench) {
  const runDir = join(bench.folder, 'runs/diary');
  const journal = () => parseJournal(readText(join(runDir, 'journal.jsonl'))).entries;
  return {
    runDir,
    journal,
    diary: () =>
      readText(join(runDir, 'diary.jsonl'))
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Note),
    token: () => journal().find((entry) => entry.event === 'run_started')?.token,
  };
}

/** Living processes that carry the token of a run, but for the parked one that is to become the next trainer. */
export function trainersOf(token: string): number[] {
  return processesOf(token).filter((pid) => !readText(`/proc/${pid}/cmdline`).startsWith('/bin/sh\0-c\0IFS= read'));
}

/** Living processes that carry the token of a run. */
export function processesOf(token: string): number[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && readText(`/proc/${pid}/environ`).includes(token) && !isEnded(pid));
}

/**
 * What must hold of a run that was completed, whatever was killed on the way: one trainer at a time, no completed epoch lost or
 * trained again, every epoch recorded once, and nothing left.
 */
export function expectOneStory(bench: Bench, epochs: number): void {
  const { runDir, journal, diary, token } = diaryRun(bench);
  const notes = diary();
  const everyEpoch = Array.from({ length: epochs }, (_, index) => index + 1);
  const epochsOf = (list: readonly unknown[]) => list.filter((epoch) => typeof epoch === 'number');
  expect(notes.filter(({ what }) => what === 'not alone')).toEqual([]);
  expect(interleaved(notes)).toEqual([]);
  // A trainer may die between the commit of an epoch and its note: then the note is missing, never the epoch.
  const noted = epochsOf(notes.map(({ what, value }) => (what === 'epoch' ? value : undefined)));
  expect(noted).toEqual([...new Set(noted)].sort((left, right) => Number(left) - Number(right)));
  const recorded = journal().flatMap((entry) => (entry.event === 'epoch_completed' ? [entry.epoch] : []));
  expect(recorded).toEqual(everyEpoch);
  expect(journal().at(-1)).toMatchObject({ event: 'completed', epochs_completed: epochs });
  expect(JSON.parse(readText(join(runDir, 'checkpoints/epoch_info.json')))).toMatchObject({
    last_completed_epoch: epochs,
  });
  const launches = notes.filter(({ what }) => what === 'start').map(({ attempt }) => attempt);
  expect(launches).toEqual([...new Set(launches)]);
  expect(processesOf(token() ?? 'none')).toEqual([]);
  const locks = readdirSync(runDir).concat(readdirSync(join(runDir, 'checkpoints')));
  expect(locks.filter((name) => /^\.?lock/.test(name))).toEqual([]);
}

/** Pids that noted something after the next trainer had started. */
function interleaved(notes: readonly Note[]): number[] {
  const starts = notes.filter(({ what }) => what === 'start').sort((left, right) => left.at - right.at);
  return notes.filter(({ at, pid }) => starts.findLast((start) => start.at <= at)?.pid !== pid).map(({ pid }) => pid);
}

function isEnded(pid: number): boolean {
  const stat = readText(`/proc/${pid}/stat`);
  return stat === '' || /\) [ZX] /.test(stat);
}

function readText(path: string): string {
  try {
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  } catch {
    return '';
  }
}
