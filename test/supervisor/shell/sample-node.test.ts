import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { readProcess } from '../../../src/supervisor/shell/processes.js';
import { sampleNode } from '../../../src/supervisor/shell/sample-node.js';
import { waitFor } from '../../e2e/support.js';

let child: ChildProcess | undefined;
let folder = '';
afterEach(() => {
  child?.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

/** A process with its output in a file, once it has said `ready`. */
async function start(command: string, ...args: string[]) {
  folder = mkdtempSync(join(tmpdir(), 'supervise-sample-'));
  const output = join(folder, 'output.log');
  const file = openSync(output, 'a');
  child = spawn(command, args, { stdio: ['ignore', file, file] });
  await waitFor('its word', () => readFileSync(output, 'utf8').includes('ready'));
  const facts = readProcess(child.pid as number);
  return { facts: facts as NonNullable<typeof facts>, output };
}

const node = (script: string) => start(process.execPath, '-e', script);
const addressOf = (output: string) => Number(/ws:\/\/127\.0\.0\.1:(\d+)/.exec(readFileSync(output, 'utf8'))?.[1]);

test('a loop that never comes back shows where it is', async () => {
  const { facts, output } = await node(`
    function innermost(n) { for (;;) n++; }
    function outer() { innermost(1); }
    console.log('ready');
    setTimeout(outer, 1);`);
  const sample = await sampleNode(facts, output);
  // What the compiler has taken into its caller shows as the caller.
  expect(sample?.stack).toMatch(
    /of \d+ samples in 300 ms were here:\n( {4}at innermost \(.*\n)? {4}at outer \(\[eval\]:\d+\)/,
  );
  expect(JSON.parse(sample?.profile ?? '{}')).toMatchObject({ nodes: expect.anything(), samples: expect.anything() });
});

test.each(['commonjs', 'module'])(
  'one that waits is left as it was, and its inspector is closed again: %s',
  async (kind) => {
    const script = `console.log('ready'); setInterval(() => console.log('alive'), 50)`;
    const { facts, output } = await start(process.execPath, `--input-type=${kind}`, '-e', script);
    expect((await sampleNode(facts, output))?.stack).toContain('(idle)');
    const words = () => readFileSync(output, 'utf8').match(/alive/g)?.length ?? 0;
    const before = words();
    await waitFor('a sign of life', () => words() > before + 2);
    await expect(tryConnect(addressOf(output))).rejects.toThrow('ECONNREFUSED');
  },
);

test.each([
  ['that is stopped', process.execPath, ['-e', "console.log('ready'); process.kill(process.pid, 'SIGSTOP')"]],
  ['that is no Node', 'sh', ['-c', 'echo ready; sleep 60']],
] as const)('a process %s is not asked', async (_, command, args) => {
  const { facts, output } = await start(command, ...args);
  await waitFor('its rest', () =>
    /[TS]/.test(/State:\s*(\w)/.exec(readFileSync(`/proc/${facts.pid}/status`, 'utf8'))?.[1] ?? ''),
  );
  const startMs = performance.now();
  expect(await sampleNode(facts, output)).toBeUndefined();
  expect(readFileSync(output, 'utf8')).toBe('ready\n');
  expect(readProcess(facts.pid)?.isZombie).toBe(false);
  expect(performance.now() - startMs).toBeLessThan(3000);
});

function tryConnect(port: number): Promise<void> {
  return new Promise((settle, fail) => {
    const socket = connect(port, '127.0.0.1', () => socket.end(settle)).on('error', fail);
  });
}
