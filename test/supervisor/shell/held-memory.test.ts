import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createHeldMemory, type HeldMemory } from '../../../src/supervisor/shell/held-memory.js';

// Above what a kernel gives out: nobody has these numbers.
const [first, second, worker] = [5_000_001, 5_000_002, 5_000_003];
const held = (pid: number) => `GPU memory: 700 MiB are still held by process ${pid} of an earlier attempt`;

const path = process.env['PATH'];
let folder: string;
let memory: HeldMemory;
let reports: string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'held-'));
  writeFileSync(join(folder, 'nvidia-smi'), `#!/bin/sh\necho >> ${folder}/asked\ncat ${folder}/apps\n`);
  chmodSync(join(folder, 'nvidia-smi'), 0o755);
  process.env['PATH'] = `${folder}:${path}`;
  holders();
  reports = [];
  memory = createHeldMemory((line) => reports.push(line));
  memory.note(first);
});
afterEach(() => {
  memory.close();
  process.env['PATH'] = path;
  rmSync(folder, { recursive: true });
});

const holders = (...pids: number[]) =>
  writeFileSync(join(folder, 'apps'), pids.map((pid) => `${pid}, GPU-1, 700\n`).join(''));
const timesAsked = () => (existsSync(join(folder, 'asked')) ? readFileSync(join(folder, 'asked'), 'utf8').length : 0);

describe('before a launch', () => {
  it('the tool is not asked when the trainer just died', async () => {
    holders(first);
    memory.askEarly('killed');
    expect(await memory.findBefore('killed')).toBeUndefined();
    expect(timesAsked()).toBe(0);
  });

  it.each(['gpu-memory', 'gpu-fault', 'gpu-lost', 'gpu-busy', 'hang'] as const)('it is after %s', async (failure) => {
    holders(first);
    expect(await memory.findBefore(failure)).toBe(held(first));
    holders(worker);
    expect(await memory.findBefore(failure)).toBeUndefined();
    expect(timesAsked()).toBe(2);
  });

  it('memory that was free when the trainer had died is not asked for again', async () => {
    memory.askEarly('gpu-fault');
    expect(await memory.findBefore('gpu-fault')).toBeUndefined();
    expect(timesAsked()).toBe(1);
  });

  it('memory that was held then is', async () => {
    holders(first);
    memory.askEarly('gpu-fault');
    while (timesAsked() < 1) await new Promise((settle) => setTimeout(settle, 5));
    expect(await memory.findBefore('gpu-fault')).toBe(held(first));
    expect(timesAsked()).toBe(2);
  });

  it('nobody is asked by a run that has launched nothing', async () => {
    expect(await createHeldMemory(() => undefined).findBefore('hang')).toBeUndefined();
    expect(timesAsked()).toBe(0);
  });

  it('a number that somebody has now is no trainer', async () => {
    memory.note(process.pid);
    holders(process.pid);
    expect(await memory.findBefore('hang')).toBeUndefined();
    expect(timesAsked()).toBe(1);
  });

  it('what was left behind is waited for until it holds nothing, whatever the failure', async () => {
    holders(worker);
    memory.askEarly('gpu-fault');
    memory.suspect([worker]);
    expect(await memory.findBefore('crash')).toBe(held(worker));
    holders();
    expect(await memory.findBefore('crash')).toBeUndefined();
    const asked = timesAsked();
    expect(await memory.findBefore('crash')).toBeUndefined();
    expect(timesAsked()).toBe(asked);
  });
});

describe('beside a launched trainer', () => {
  it('what is held is told of, and the next launch waits for it', async () => {
    await memory.findBefore('killed');
    memory.note(second);
    holders(second, first);
    await memory.lookBeside();
    expect(reports).toEqual([`${held(first)}; the next launch waits until they are free`]);
    expect(memory.found()).toBe(held(first));
    expect(await memory.findBefore('killed')).toBe(held(second));
    memory.note(worker);
    expect(memory.found()).toBeUndefined();
  });

  it('its own memory is none of an earlier attempt', async () => {
    memory.note(second);
    holders(second);
    await memory.lookBeside();
    expect([reports, memory.found()]).toEqual([[], undefined]);
  });

  it('a launch that comes before the answer waits for it', async () => {
    memory.note(second);
    holders(first);
    void memory.lookBeside();
    expect(await memory.findBefore('killed')).toBe(held(first));
    expect(reports).toHaveLength(1);
  });

  it('nothing is asked at the first launch', async () => {
    await memory.lookBeside();
    expect(timesAsked()).toBe(0);
  });
});
