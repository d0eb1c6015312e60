import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { findRunProcesses } from '../../../src/supervisor/shell/find-run-processes.js';

const token = 'find-run-processes-test';
const children: ChildProcess[] = [];

/** A child that has begun to work: its first output has come. */
async function start(env: Readonly<Record<string, string>>): Promise<number> {
  const script = 'echo here; exec sleep 60';
  const child = spawn('/bin/sh', ['-c', script], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  children.push(child);
  await once(child.stdout as NodeJS.ReadableStream, 'data');
  return child.pid as number;
}

async function end(child: ChildProcess | undefined): Promise<void> {
  child?.kill('SIGKILL');
  if (child?.exitCode === null && child.signalCode === null) await once(child, 'exit');
}

const pidsOf = (exceptAttempt?: number) => findRunProcesses(token, { attempt: exceptAttempt }).map(({ pid }) => pid);

afterEach(async () => {
  for (const child of children.splice(0)) await end(child);
});

describe.skipIf(process.platform !== 'linux')('processes of a run', () => {
  it('are found however often it is looked, strangers that are known notwithstanding', async () => {
    const stranger = await start({});
    // A process is known for a stranger when it is old enough.
    await sleep(1100);
    expect(pidsOf()).not.toContain(stranger);
    expect(pidsOf()).toEqual([]);
    const first = await start({ SUPERVISE_TOKEN: token, SUPERVISE_ATTEMPT: '1' });
    expect(pidsOf()).toEqual([first]);
    const second = await start({ SUPERVISE_TOKEN: token, SUPERVISE_ATTEMPT: '2' });
    expect(pidsOf().sort()).toEqual([first, second].sort());
    expect(pidsOf().sort()).toEqual([first, second].sort());
  });

  it('are found in the middle of an exec, when their environment is empty', async () => {
    for (let round = 0; round < 40; round++) {
      // What it prints comes right before its exec.
      const pid = await start({ SUPERVISE_TOKEN: token, SUPERVISE_ATTEMPT: '1' });
      expect(pidsOf()).toEqual([pid]);
      await end(children.pop());
    }
  });

  it('are told with their attempt and command, and without those of an attempt that is left out', async () => {
    const first = await start({ SUPERVISE_TOKEN: token, SUPERVISE_ATTEMPT: '1' });
    const second = await start({ SUPERVISE_TOKEN: token, SUPERVISE_ATTEMPT: '2' });
    expect(pidsOf(1)).toEqual([second]);
    const [one] = findRunProcesses(token, { attempt: 2 });
    expect(one).toMatchObject({ pid: first, attempt: 1, isZombie: false });
    expect(one?.command).toMatch(/sleep 60/);
  });

  it('are told without a child that is left out, and with it again', async () => {
    const first = await start({ SUPERVISE_TOKEN: token, SUPERVISE_ATTEMPT: '1' });
    const spare = await start({ SUPERVISE_TOKEN: token, SUPERVISE_ATTEMPT: '2' });
    for (let look = 0; look < 2; look++)
      expect(findRunProcesses(token, { child: spare }).map(({ pid }) => pid)).toEqual([first]);
    expect(pidsOf().sort()).toEqual([first, spare].sort());
  });

  it('carry the whole token, not a part of it', async () => {
    await start({ SUPERVISE_TOKEN: `${token}-of-another`, SUPERVISE_ATTEMPT: '1' });
    await start({ NOT_SUPERVISE_TOKEN: token, SUPERVISE_ATTEMPT: '1' });
    expect(pidsOf()).toEqual([]);
  });
});
