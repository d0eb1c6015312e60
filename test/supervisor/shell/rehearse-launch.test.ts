import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, expect, it, vi } from 'vitest';
import { TrainerEnv } from '../../../src/protocol/index.js';
import { isAlive, waitFor } from '../../e2e/support.js';

const started: number[] = [];
afterEach(() => {
  for (const pid of started.splice(0)) if (isAlive(pid)) process.kill(pid, 'SIGKILL');
});

const start = async (token: string) => {
  const child = spawn('sleep', ['60'], { env: { ...process.env, [TrainerEnv.token]: token }, stdio: 'ignore' });
  await once(child, 'spawn');
  started.push(child.pid as number);
  return child.pid;
};

it('a rehearsed launch ends nobody, and hides no process of a run from the launch', async () => {
  vi.resetModules();
  const { rehearseLaunch } = await import('../../../src/supervisor/shell/rehearse-launch.js');
  const { findRunProcesses } = await import('../../../src/supervisor/shell/find-run-processes.js');
  const before = await start('rehearse-launch-test');
  rehearseLaunch();
  const after = await start('rehearse-launch-test');
  await waitFor('both', () => {
    const found = findRunProcesses('rehearse-launch-test').map(({ pid }) => pid);
    return found.includes(before as number) && found.includes(after as number);
  });
  expect([before, after].every((pid) => isAlive(pid as number))).toBe(true);
});
