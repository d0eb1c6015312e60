import { spawnSync } from 'node:child_process';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { parseJournal } from '../../src/protocol/index.js';
import { type Bench, checkpointContent, openBench, type Run, readJson, tinyExperiment, waitFor } from './support.js';

const fixtures = resolve(import.meta.dirname, '../fixtures');

let bench: Bench;
let server: Server | undefined;
afterEach(async () => {
  await bench.close();
  server?.close();
  server = undefined;
});

const runDir = () => join(bench.folder, 'runs/night');
const status = () => readJson(join(runDir(), 'status.json'));
const events = (name: string) =>
  parseJournal(readFileSync(join(runDir(), 'journal.jsonl'), 'utf8')).entries.filter(({ event }) => event === name);
const notes = () => (existsSync(join(runDir(), 'notes.txt')) ? readFileSync(join(runDir(), 'notes.txt'), 'utf8') : '');

function supervise(fixture: string, { trainer, restart, ...changes }: Record<string, unknown> = {}): Run {
  const experiment = bench.experiment('night.json', {
    experiment_name: 'night',
    epochs: 4,
    trainer: { command: [process.execPath, join(fixtures, `trainers/${fixture}.mjs`)], ...(trainer as object) },
    restart: { initial_delay_ms: 1, max_delay_ms: 20, max_restarts_without_progress: 3, ...(restart as object) },
    ...changes,
  });
  return bench.supervise(experiment);
}

async function expectEnd(run: Run, code: number): Promise<string> {
  expect((await run.ended).code, run.output()).toBe(code);
  return run.output();
}

const canWriteKernelLog = (() => {
  try {
    accessSync('/dev/kmsg', constants.W_OK | constants.R_OK);
    return true;
  } catch {
    return false;
  }
})();

describe('a kill that only the kernel explains', () => {
  it.skipIf(!canWriteKernelLog)('is told by its line (needs the right to write /dev/kmsg)', async () => {
    bench = openBench('kernel');
    await expectEnd(supervise('ends-as-the-kernel-tells'), 0);
    const failure = readJson(join(runDir(), 'attempts/0001/failure.json'));
    const evidence = expect.stringMatching(/^kernel: Out of memory: Killed process \d+ \(node\)/);
    expect(failure).toMatchObject({ class: 'host-memory', evidence: [evidence] });
  });
});

/** Whether a small file system can be mounted here (root on Linux). */
const canMount = tryToMount();

function tryToMount(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'mount-'));
  const isMounted = spawnSync('mount', ['-t', 'tmpfs', 'none', folder]).status === 0;
  if (isMounted) spawnSync('umount', [folder]);
  rmSync(folder, { recursive: true, force: true });
  return isMounted;
}

describe('a full disk', () => {
  it.skipIf(!canMount)('is waited for, when there is nothing to remove (needs root, for a tmpfs)', async () => {
    bench = openBench('disk');
    const disk = join(bench.folder, 'disk');
    mkdirSync(disk);
    expect(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=100m', 'none', disk]).status).toBe(0);
    try {
      const run = supervise('fills-the-disk', {
        checkpoint_dir: join(disk, 'checkpoints'),
        trainer: { env: { FILLER: join(disk, 'filler') } },
      });
      await waitFor('the wait', () => status()?.['state'] === 'waiting');
      expect(status()?.['waiting_for']).toContain('room on the disk: ');
      expect(status()?.['last_failure']).toMatchObject({ class: 'disk-full' });
      rmSync(join(disk, 'filler'));
      await expectEnd(run, 0);
      expect(status()).toMatchObject({ epochs_completed: 4, restarts: 1 });
    } finally {
      spawnSync('umount', ['-l', disk]);
    }
  });
});

describe('out of memory', () => {
  it('halves the micro-batch until an epoch is completed', async () => {
    bench = openBench('oom');
    const run = supervise('needs-small-batches', {
      trainer: { oom_args: ['--batch_size', '{batch_size}', '--accumulate', '{accumulate}'] },
      training: { batch_size: 16 },
      restart: { max_restarts_without_progress: 5 },
    });
    await expectEnd(run, 0);
    const starts = [...notes().matchAll(/start(.*)/g)].map((match) => match[1]?.trim());
    expect(starts.slice(0, 3)).toEqual(['', '--batch_size 8 --accumulate 2', '--batch_size 4 --accumulate 4']);
    expect(starts[3]).toBe('--resume');
  });
});

describe('the same failure at one place', () => {
  it('is answered by going back one checkpoint, which is kept in quarantine', async () => {
    bench = openBench('step-back');
    const poison = join(bench.folder, 'poisoned');
    writeFileSync(poison, '');
    // Heartbeats come four times a second: each epoch has to be long enough for some.
    const training = { batch_size: 2, steps_per_epoch: 40, backend: 'wasm' };
    const experiment = tinyExperiment({
      experiment_name: 'night',
      training,
      trainer: { env: { NODE_OPTIONS: `--import=${join(fixtures, 'poisoned-checkpoint.mjs')}`, POISON: poison } },
      restart: { initial_delay_ms: 1, max_delay_ms: 5, max_restarts_without_progress: 20 },
      // One that is written in the background may be there only when the last epoch is nearly over.
      checkpoints: { max_checkpoints: 2, async: false },
    });
    const output = await expectEnd(bench.supervise(bench.experiment('night.json', experiment)), 0);
    expect(output).toContain('going back before ckpt-3');
    expect(existsSync(join(runDir(), 'checkpoints/quarantine/0001/ckpt-3.index'))).toBe(true);
    const plain = tinyExperiment({ experiment_name: 'plain', training });
    await expectEnd(bench.supervise(bench.experiment('plain.json', plain)), 0);
    expect(checkpointContent(join(runDir(), 'checkpoints/ckpt-4'))).toEqual(
      checkpointContent(join(bench.folder, 'runs/plain/checkpoints/ckpt-4')),
    );
  });
});

describe('telling others', () => {
  it('pings while all is well, and posts what happened', async () => {
    bench = openBench('notify');
    const requests: string[] = [];
    server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => {
        body += chunk.toString();
      });
      request.on('end', () => {
        requests.push(`${request.method} ${request.url} ${body}`);
        response.end('ok');
      });
    });
    await new Promise<void>((settle) => server?.listen(0, '127.0.0.1', settle));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const told = join(bench.folder, 'told.json');
    const run = supervise('exits-with-code', {
      trainer: { env: { CODE: '64' } },
      notify: { ping_url: `${url}/ping`, webhook_url: `${url}/hook`, command: ['sh', '-c', `cat > ${told}`] },
    });
    await expectEnd(run, 69);
    expect(requests.filter((request) => request.startsWith('GET /ping '))).not.toEqual([]);
    expect(requests.filter((request) => request.startsWith('GET /ping/fail'))).toHaveLength(1);
    const [hook] = requests.filter((request) => request.startsWith('POST /hook'));
    expect(hook).toContain('"event":"gave_up"');
    expect(readJson(told)).toMatchObject({ event: 'gave_up', experiment_name: 'night', level: 'error' });
  });

  it('never touches the run when nobody answers', async () => {
    bench = openBench('notify-dead');
    const notify = {
      ping_url: 'http://127.0.0.1:9/ping',
      webhook_url: 'http://127.0.0.1:9/',
      command: ['no-such-tool'],
    };
    await expectEnd(supervise('well-behaved', { notify }), 0);
    expect(events('completed')).toHaveLength(1);
    expect(readFileSync(join(runDir(), 'supervisor.log'), 'utf8')).toContain('notify: ping failed');
  });
});
