import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { repository } from '../../cli/support.js';
import { temporaryFolder } from '../support.js';

const run = promisify(execFile);

/** A convolution large enough to be shared out, and its gradients; prints the device and every value's bits. */
const program = (threads: number) => `
import { conv2d, grads, tensor, tidy } from '@tensorflow/tfjs-core';
import { selectBackend } from './dist/trainer/backends/select-backend.js';
const { device } = await selectBackend('wasm', { wasmThreads: ${threads} });
const fixed = (shape) => tensor(Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => Math.sin(i)), shape);
const outputs = tidy(() => grads((x, w) => conv2d(x, w, 1, 'same'))([fixed([2, 32, 64, 8]), fixed([3, 3, 8, 16])], fixed([2, 32, 64, 16])));
const bits = [];
for (const output of outputs) bits.push(Buffer.from((await output.data()).buffer).toString('base64'));
console.log(JSON.stringify({ device, bits }));
`;

async function compute(threads: number, folder: string) {
  const args = ['--input-type=module', '-e', program(threads)];
  // A process whose threads kept it alive would run into the time limit.
  const options = { cwd: repository, timeout: 250_000, env: { ...process.env, TMPDIR: folder } };
  const { stdout } = await run(process.execPath, args, options);
  return JSON.parse(stdout) as { device: string; bits: string[] };
}

test('two threads compute the same bits as one, and end with the process', async () => {
  const folder = temporaryFolder();
  const [one, two] = [await compute(1, folder), await compute(2, folder)];
  expect(two.device).toBe(one.device.replace('1 thread', '2 threads'));
  expect(two.bits).toEqual(one.bits);
  expect(readdirSync(folder)).toEqual([]);
});
