import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Heartbeat } from '../../../src/protocol/index.js';
import type { Progress } from '../../../src/supervisor/progress.js';
import { type TrainerFilesWatch, watchTrainerFiles } from '../../../src/supervisor/shell/watch-trainer-files.js';
import { waitFor } from '../../e2e/support.js';

let folder: string;
let watched: TrainerFilesWatch | undefined;
let beats: Heartbeat[];
let progress: Progress[];

const checkpointDir = () => join(folder, 'checkpoints');

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'supervise-watch-'));
  beats = [];
  progress = [];
});

afterEach(() => {
  watched?.close();
  rmSync(folder, { recursive: true, force: true });
});

function watchRun(heartbeat = join(folder, 'heartbeat.json')): void {
  watched = watchTrainerFiles(
    { checkpointDir: checkpointDir(), heartbeat, epochBase: 1 },
    { onProgress: (one) => progress.push(one), onHeartbeat: (one) => beats.push(one), onPoll: () => undefined },
  );
}

function replace(path: string, content: object): void {
  writeFileSync(`${path}.tmp`, JSON.stringify(content));
  renameSync(`${path}.tmp`, path);
}

const beat = (step: number, into = folder) =>
  replace(join(into, 'heartbeat.json'), { attempt: 1, pid: 1, phase: 'train', epoch: 1, step, steps_per_epoch: 9 });
const epoch = (last: number) => replace(join(checkpointDir(), 'epoch_info.json'), { last_completed_epoch: last });
const lastStep = () => beats.at(-1)?.step;
const lastEpoch = () => progress.at(-1)?.epochs;

// The poll comes after ten seconds: what is seen within five was notified.
it('sees what the trainer replaces, again and again, and what it writes in place', async () => {
  mkdirSync(checkpointDir());
  watchRun();
  for (const number of [1, 2, 3]) {
    beat(number);
    await waitFor('a heartbeat', () => lastStep() === number, 5000);
    epoch(number);
    // chokidar leaves out a change within 50 ms of another, and may miss one on a busy machine: the poll sees it then.
    await waitFor('an epoch', () => lastEpoch() === number);
    await sleep(100);
  }
  const [last] = beats.slice(-1);
  writeFileSync(join(folder, 'heartbeat.json'), JSON.stringify({ ...last, step: 7 }));
  await waitFor('a heartbeat written in place', () => lastStep() === 7, 5000);
  rmSync(join(folder, 'heartbeat.json'));
  rmSync(join(checkpointDir(), 'epoch_info.json'));
  await waitFor('both again', () => {
    beat(8);
    epoch(8);
    return lastStep() === 8 && lastEpoch() === 8;
  });
});

it('reads no heartbeat for the files that the supervisor writes beside it', async () => {
  mkdirSync(checkpointDir());
  watchRun();
  beat(1);
  await waitFor('a heartbeat', () => lastStep() === 1, 5000);
  const count = beats.length;
  for (const name of ['status.json', 'journal.jsonl', 'lock']) writeFileSync(join(folder, name), '{}');
  beat(2);
  await waitFor('a heartbeat after them', () => lastStep() === 2, 5000);
  expect(beats).toHaveLength(count + 1);
});

it('watches both in one folder', async () => {
  mkdirSync(checkpointDir());
  watchRun(join(checkpointDir(), 'heartbeat.json'));
  beat(4, checkpointDir());
  epoch(4);
  await waitFor('both', () => lastStep() === 4 && lastEpoch() === 4, 5000);
});

it.each(['removed and made again', 'not there at first'])('begins anew with a folder that was %s', async (what) => {
  if (what.startsWith('removed')) mkdirSync(checkpointDir());
  watchRun();
  beat(1);
  await waitFor('a heartbeat', () => lastStep() === 1, 5000);
  // The name stays free for a new folder of another number.
  if (what.startsWith('removed')) renameSync(checkpointDir(), `${checkpointDir()}.old`);
  mkdirSync(checkpointDir());
  watched?.renew();
  epoch(5);
  await waitFor('an epoch', () => lastEpoch() === 5, 5000);
});
