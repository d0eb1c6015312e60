import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { parseHeartbeat } from '../../../src/protocol/index.js';
import type { HeartbeatWriter } from '../../../src/trainer/loop/heartbeat-writer.js';

// Its thread is a file of the build.
const built = new URL('../../../dist/trainer/loop/heartbeat-writer.js', import.meta.url);
const { createHeartbeatWriter } = (await import(built.href)) as {
  createHeartbeatWriter: (path: string | undefined, attempt: number) => HeartbeatWriter;
};

let folder = '';
let path = '';
const read = () => parseHeartbeat(readFileSync(path, 'utf8'));
const at = (phase: 'startup' | 'train' | 'validate' | 'checkpoint', step: number) =>
  ({ phase, epoch: 1, step, steps_per_epoch: 9 }) as const;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'supervise-heartbeat-'));
  path = join(folder, 'heartbeat.json');
});
afterEach(() => rmSync(folder, { recursive: true }));

it('heartbeats are there at once until the first step, and while the loop works after it', async () => {
  const { beat, close } = createHeartbeatWriter(path, 3);
  beat(at('startup', 0));
  expect(read()).toMatchObject({ attempt: 3, pid: process.pid, phase: 'startup', step: 0 });
  beat(at('train', 1));
  expect(read()).toMatchObject({ phase: 'train', step: 1 });
  beat(at('validate', 1));
  // The event loop stands still as it does in a step.
  const until = performance.now() + 5000;
  while (performance.now() < until && read()?.phase !== 'validate');
  expect(read()).toMatchObject({ phase: 'validate', step: 1 });
  await close();
});

it('steps are told four times a second, changes of phase always; the last one is written when it is closed', async () => {
  const { beat, close } = createHeartbeatWriter(path, 1);
  beat(at('train', 1));
  beat(at('train', 2));
  expect(read()).toMatchObject({ step: 1 });
  await sleep(300);
  for (let step = 3; step < 9; step++) beat(at('train', step));
  beat(at('checkpoint', 8));
  await close();
  expect(read()).toMatchObject({ phase: 'checkpoint', step: 8 });
  expect(readdirSync(folder)).toEqual(['heartbeat.json']);
});

it('a thread that was started before writes the first one, too', async () => {
  const { beat, start, close } = createHeartbeatWriter(path, 2);
  start();
  beat(at('startup', 0));
  // The event loop stands still.
  const until = performance.now() + 5000;
  while (performance.now() < until && !existsSync(path));
  expect(read()).toMatchObject({ attempt: 2, phase: 'startup' });
  await close();
});

it('a folder that is gone, or no path, stops nobody', async () => {
  const { beat, close } = createHeartbeatWriter(join(folder, 'gone', 'heartbeat.json'), 1);
  for (const phase of ['startup', 'train', 'validate'] as const) beat(at(phase, 1));
  await close();
  const none = createHeartbeatWriter(undefined, 1);
  none.beat(at('train', 1));
  await none.close();
  expect(readdirSync(folder)).toEqual([]);
});
