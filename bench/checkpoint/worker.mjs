// Saves and restores with our own code, as the lines on stdin say: ["save" | "restore", path]. Arguments: MB of state, and
// whether it is restored into the "variables" that are there, as tf.train.Checkpoint does, or into new "arrays", as others do.
import { readFileSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { openBundle, writeBundleAsync } from '../../dist/checkpoint/index.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc');

const count = 64;
const length = Math.round((Number(process.argv[2]) * 1e6) / 4 / count);
const base = Float32Array.from({ length }, (_, at) => Math.sin(at));
const state = Array.from({ length: count }, (_, index) => {
  const values = base.slice();
  values[0] = index;
  return [
    `layer${index}/kernel/.ATTRIBUTES/VARIABLE_VALUE`,
    { dtype: 'float32', shape: [length], data: new Uint8Array(values.buffer) },
  ];
});
const stateMb = (count * length * 4) / 1e6;
const variables = process.argv[3] === 'variables' ? new Map(state.map(([name, { data }]) => [name, data])) : undefined;

const memoryMb = (field) =>
  Number(new RegExp(`${field}:\\s+(\\d+)`).exec(readFileSync('/proc/self/status', 'utf8'))[1]) / 1000;

async function measure(action) {
  writeFileSync('/proc/self/clear_refs', '5');
  const before = memoryMb('VmRSS');
  const startedAt = performance.now();
  await action();
  return { seconds: (performance.now() - startedAt) / 1000, extra_mb: memoryMb('VmHWM') - before };
}

/** What the last action left is cleared away between two, as Python does it at once. */
async function cleanUp() {
  collectGarbage();
  // The memory of arrays is given back a little later, by another thread.
  await sleep(100);
}

async function restore(path) {
  const bundle = openBundle(path);
  const tensors = [];
  for await (const [, tensor] of bundle.readAll(undefined, (name) => variables?.get(name))) tensors.push(tensor);
  bundle.close();
  return tensors.length;
}

const answer = (content) => process.stdout.write(`${JSON.stringify(content)}\n`);
await cleanUp();
answer({ version: process.version });
for await (const line of createInterface({ input: process.stdin })) {
  const [action, path] = JSON.parse(line);
  if (action === 'save') {
    const files = [`${path}.data-00000-of-00001`, `${path}.index`];
    answer({ ...(await measure(() => writeBundleAsync(path, state))), files });
  } else {
    const { seconds, extra_mb } = await measure(() => restore(path));
    answer({ seconds, extra_mb: extra_mb - (variables === undefined ? stateMb : 0) });
  }
  await cleanUp();
}
