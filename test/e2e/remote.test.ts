import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type LoopbackStore, openLoopbackStore } from '../../src/chaos/index.js';
import { listRemote, openRemoteStore } from '../../src/checkpoint/remote/index.js';
import { type JournalEntry, parseJournal } from '../../src/protocol/index.js';
import {
  type Bench,
  checkpointContent,
  isAlive,
  openBench,
  readEpochInfo,
  readJson,
  tinyExperiment,
  waitFor,
} from './support.js';

const trainer = resolve(import.meta.dirname, '../fixtures/trainers/trains-until-told.mjs');
const remoteProcess = resolve(import.meta.dirname, '../../bin/remote.js');
const quickRemote = { retry_ms: 50, max_retry_ms: 200, final_wait_ms: 120_000, stop_wait_ms: 3000 };

let bench: Bench;
let store: LoopbackStore | undefined;
const trainers: number[] = [];
afterEach(async () => {
  await bench.close();
  for (const pid of trainers.splice(0)) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
  await store?.close();
  store = undefined;
});

const journalOf = (name: string): readonly JournalEntry[] =>
  parseJournal(readText(join(bench.folder, 'runs', name, 'journal.jsonl'))).entries;
const statusOf = (name: string) => readJson(join(bench.folder, 'runs', name, 'status.json')) ?? {};
const eventsOf = <Name extends JournalEntry['event']>(name: string, event: Name) =>
  journalOf(name).filter((entry): entry is Extract<JournalEntry, { event: Name }> => entry.event === event);

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** An experiment that copies to a folder. */
function onFolder(name: string, changes: object, remote: object = {}): string {
  const nas = join(bench.folder, 'nas');
  mkdirSync(nas, { recursive: true });
  const checkpoints = { max_checkpoints: 2, remote: { url: `file://${nas}`, ...quickRemote, ...remote } };
  return bench.experiment(`${name}.json`, { experiment_name: name, ...changes, checkpoints });
}

/** One that trains until the file `go` is there, and copies to a store that can misbehave. */
async function onStore(name: string) {
  const opened = await openLoopbackStore(join(bench.folder, 'store'));
  store = opened;
  const remote = { url: 's3://bucket/models', endpoint: opened.endpoint, every: '100ms', ...quickRemote };
  const go = join(bench.folder, 'go');
  const path = bench.experiment(`${name}.json`, {
    ...{ experiment_name: name, epochs: 100_000, checkpoints: { remote } },
    trainer: { command: [process.execPath, trainer], env: { GO: go } },
    restart: { initial_delay_ms: 1, max_delay_ms: 5 },
  });
  const env = { AWS_ACCESS_KEY_ID: opened.keys.accessKeyId, AWS_SECRET_ACCESS_KEY: opened.keys.secretAccessKey };
  return { server: opened, path, env, finish: () => writeFileSync(go, '') };
}

const commitsAt = (server: LoopbackStore) => server.objects().filter((key) => key.includes('/committed/'));

describe('a run with a remote store', () => {
  it('comes back from it bit for bit when its disk is lost, and from an earlier epoch when the newest is torn there', async () => {
    bench = openBench('remote-restore');
    const first = bench.supervise(onFolder('tiny', tinyExperiment({ epochs: 2, experiment_name: 'tiny' })));
    expect(await first.ended, first.output()).toMatchObject({ code: 0 });
    const names = journalOf('tiny').map(({ event }) => event);
    expect(names.indexOf('completed')).toBeGreaterThan(names.lastIndexOf('uploaded'));
    expect(statusOf('tiny')['remote']).toMatchObject({ checkpoint: 'ckpt-2', epoch: 2, failing_since: null });
    const nas = await openRemoteStore({ url: `file://${bench.folder}/nas` });
    expect((await listRemote(nas, 'tiny')).at(-1)).toMatchObject({ checkpoint: 'ckpt-2', epoch: 2, is_newest: true });

    rmSync(join(bench.folder, 'runs'), { recursive: true });
    const more = onFolder('tiny', tinyExperiment({ epochs: 3, experiment_name: 'tiny' }));
    const second = bench.supervise(more);
    expect(await second.ended, second.output()).toMatchObject({ code: 0 });
    expect(eventsOf('tiny', 'fetching')).toMatchObject([{ checkpoint: 'ckpt-2' }]);
    const [verified] = eventsOf('tiny', 'checkpoint_verified');
    expect(verified).toMatchObject({ resume: true, last_completed_epoch: 2 });
    expect(verified?.notes.join()).toMatch(
      /ckpt-2 is fetched from .*; epoch_info\.json now says: last completed epoch 2/,
    );
    const checkpoints = join(bench.folder, 'runs/tiny/checkpoints');
    const resumed = checkpointContent(join(checkpoints, 'ckpt-3'));

    // The checkpoints alone are lost; the newest at the store is torn.
    const data = readdirSync(join(bench.folder, 'nas'), { recursive: true }).map(String);
    const newest = join(bench.folder, 'nas', data.find((path) => path.includes('ckpt-3.data')) ?? '');
    const bytes = readFileSync(newest);
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 8;
    writeFileSync(newest, bytes);
    rmSync(checkpoints, { recursive: true });
    const third = bench.supervise(more);
    expect(await third.ended, third.output()).toMatchObject({ code: 0 });
    const again = eventsOf('tiny', 'checkpoint_verified').find(({ notes }) => notes.join().includes('damaged'));
    expect(again?.notes.join()).toMatch(/epoch 3 at .* is damaged .* does not match its checksum/);
    expect(again).toMatchObject({ resume: true, last_completed_epoch: 2 });
    expect(checkpointContent(join(checkpoints, 'ckpt-3'))).toEqual(resumed);
  });

  it('is not disturbed by one that is down, tells so, and catches up', async () => {
    bench = openBench('remote-down');
    const { server, path, env, finish } = await onStore('night');
    const run = bench.superviseWith(env, path);
    await waitFor('the first upload', () => commitsAt(server).length > 0);
    server.setMode('down');
    await waitFor('a failure', () =>
      eventsOf('night', 'upload_failed').find(({ reason }) => reason.includes('cannot be reached')),
    );
    expect(JSON.stringify(journalOf('night'))).not.toContain(server.keys.secretAccessKey);
    await waitFor('the status', () => (statusOf('night')['remote'] as { failing_since?: string })?.failing_since);
    const epochThen = Number(statusOf('night')['epochs_completed']);
    await waitFor('more epochs', () => Number(statusOf('night')['epochs_completed']) > epochThen + 3);
    const before = new Set(commitsAt(server));
    server.setMode('up');
    await waitFor('a commit after that', () => commitsAt(server).some((key) => !before.has(key)));
    finish();
    expect(await run.ended, run.output()).toMatchObject({ code: 0 });
    expect(eventsOf('night', 'exited')).toHaveLength(1);
    expect(eventsOf('night', 'uploaded').some(({ behind_ms }) => behind_ms !== undefined)).toBe(true);
    const last = readEpochInfo(join(bench.folder, 'runs/night/checkpoints'))?.last_completed_epoch;
    expect(commitsAt(server).at(-1)).toContain(`-e${String(last).padStart(9, '0')}-`);
    expect(commitsAt(server).length).toBeLessThanOrEqual(4);
    expect(run.output()).toMatch(/remote +s3:\/\/bucket\/models has ckpt-\d+\.safetensors/);
  });

  it('waits for one that is down when it has no checkpoint, and goes on from there on another machine', async () => {
    bench = openBench('remote-wait');
    const { server, path, env, finish } = await onStore('moved');
    const first = bench.superviseWith(env, path);
    await waitFor('an upload', () => (eventsOf('moved', 'uploaded').at(-1)?.epoch ?? 0) >= 3);
    // The machine is lost, with everything on it.
    const pid = eventsOf('moved', 'launched').at(-1)?.pid ?? 0;
    trainers.push(pid);
    first.process.kill('SIGKILL');
    process.kill(pid, 'SIGKILL');
    await first.ended;
    rmSync(join(bench.folder, 'runs'), { recursive: true, maxRetries: 20, retryDelay: 50 });
    const epochThere = Math.max(...commitsAt(server).map((key) => Number(/-e(\d+)-/.exec(key)?.[1])));
    server.setMode('down');
    const second = bench.superviseWith(env, path);
    await waitFor('the wait', () => eventsOf('moved', 'waiting').find(({ resource }) => resource === 'remote'));
    server.setMode('up');
    const verified = await waitFor('the checkpoint', () => eventsOf('moved', 'checkpoint_verified').at(-1));
    expect(verified).toMatchObject({ resume: true, last_completed_epoch: epochThere });
    finish();
    expect(await second.ended, second.output()).toMatchObject({ code: 0 });
  });

  it('ends well though it is never there, after a bounded wait', async () => {
    bench = openBench('remote-never');
    const go = join(bench.folder, 'go');
    const experiment = { epochs: 100_000, trainer: { command: [process.execPath, trainer], env: { GO: go } } };
    const url = `file://${bench.folder}/not-mounted`;
    const run = bench.supervise(onFolder('alone', experiment, { url, restore_wait_ms: 0, final_wait_ms: 1500 }));
    // A busy machine may take longer than the last wait to start an uploader at all.
    await waitFor('a failed upload', () => eventsOf('alone', 'upload_failed').at(-1));
    writeFileSync(go, '');
    expect(await run.ended, run.output()).toMatchObject({ code: 0 });
    expect(run.output()).toMatch(/! not uploaded since .*not-mounted: ENOENT/);
    expect(run.output()).toContain('mount it, or make the folder');
    expect(journalOf('alone').map(({ event }) => event)).toEqual(expect.arrayContaining(['uploading', 'completed']));
  });

  it('keeps nothing of an uploader that was killed, and the next one takes up what it left', async () => {
    bench = openBench('remote-killed');
    const { server, env } = await onStore('killed');
    const directory = join(bench.folder, 'checkpoints');
    mkdirSync(directory);
    for (const name of ['a', 'b', 'c']) {
      mkdirSync(join(directory, 'ckpt-1'), { recursive: true });
      writeFileSync(join(directory, 'ckpt-1', `${name}.bin`), Buffer.alloc(2 ** 20, name));
    }
    writeFileSync(join(directory, 'epoch_info.json'), '{"last_completed_epoch": 1, "checkpoint": "ckpt-1"}');
    const order = {
      ...{ kind: 'push', what: 'newest', run: 'killed', directory, epochBase: 1, verify: 'full' },
      store: { url: 's3://bucket/models', endpoint: server.endpoint },
      ...{ rules: { maxCheckpoints: 2 }, retries: { tries: 4, firstMs: 50, mostMs: 100 } },
    };
    const start = (): ChildProcess => {
      const child = spawn(process.execPath, [remoteProcess], {
        env: { ...process.env, ...env },
        stdio: ['pipe', 'pipe', 'ignore'],
      });
      child.stdin?.write(`${JSON.stringify(order)}\n`);
      return child;
    };
    const doomed = start();
    await waitFor('a file', () => server.objects().length > 0);
    server.setMode('slow');
    doomed.kill('SIGKILL');
    await new Promise((settle) => doomed.once('close', settle));
    expect(server.objects().filter((key) => key.includes('/files/')).length).toBeGreaterThan(0);
    expect(commitsAt(server)).toEqual([]);
    server.setMode('up');
    const next = start();
    let answer = '';
    next.stdout?.setEncoding('utf8').on('data', (text: string) => {
      answer += text;
    });
    await new Promise((settle) => next.once('close', settle));
    const { bytes } = JSON.parse(answer.trim().split('\n').at(-1) ?? '').result.newest;
    expect(bytes).toBeLessThan(3 * 2 ** 20);
    expect(commitsAt(server)).toHaveLength(1);
    expect(readdirSync(directory)).not.toContain('.upload');
  });
});
