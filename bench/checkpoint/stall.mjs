// How long a save keeps the training waiting: node stall.mjs <megabytes> <backend> <rounds> <folder>, one line of JSON.
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { mul, scalar, tensor1d, variable } from '@tensorflow/tfjs-core';
import { selectBackend } from '../../dist/trainer/backends/select-backend.js';
import { captureStep, runEagerly } from '../../dist/trainer/capture/index.js';
import { createBackgroundCommit } from '../../dist/trainer/loop/background-commit.js';
import { createCheckpointWriter } from '../../dist/trainer/loop/checkpoint-files.js';
import { createMemoryPool, memoryOf, takeFromOne } from '../../dist/trainer/loop/memory-pool.js';
import { autoIntervalSecs } from '../../dist/trainer/loop/save-policy.js';
import { snapshotTraining } from '../../dist/trainer/loop/training-state.js';
import { createAdam } from '../../dist/trainer/nn/optimizers/adam.js';

const [megabytes, backendName, rounds, root] = process.argv.slice(2);
const count = 64;
/** A weight and its two moments. */
const copies = 3;
const length = Math.round((Number(megabytes) * 1e6) / 4 / count / copies);
const folder = mkdtempSync(join(root, 'bench-stall-'));
const backend = await selectBackend(backendName);
const weights = new Map(
  Array.from({ length: count }, (_, index) => {
    const values = Float32Array.from({ length }, (__, at) => Math.sin(at + index));
    return [`layer${index}/kernel`, variable(tensor1d(values))];
  }),
);
const optimizer = createAdam('optimizer', { variables: weights, trainable: weights }, { beta1: 0.9, beta2: 0.999 });
const program = {
  structureOf: () => 'same',
  compute: () => {
    const gradients = new Map(Array.from(weights, ([path, weight]) => [path, mul(weight, 1e-3)]));
    optimizer.apply(gradients, 1e-4);
    for (const gradient of gradients.values()) gradient.dispose();
    return { loss: scalar(0) };
  },
};
const step = backendName === 'tensorflow' ? captureStep(program, console.error) : runEagerly(program);
const tensors = {
  variables: new Map([...weights, ...optimizer.slots()]),
  counters: new Map([['optimizer/iterations', optimizer.iterations]]),
  settle: step.settle,
  withHandles: step.withHandles,
};

function openWriter(isBackground) {
  return createCheckpointWriter({
    directory: join(folder, isBackground ? 'async' : 'sync'),
    tensors,
    totalEpochs: 1000,
    maxCheckpoints: 1,
    restoresBest: false,
    retention: {},
    lastCheckpoint: undefined,
    background: isBackground ? createBackgroundCommit() : undefined,
    whenBusy: 'skip',
    onUnsaved: undefined,
  });
}

const progress = { bestEpoch: 0, bestScore: null, bestMonitored: null, epochsWithoutImprovement: 0, step: 0, seed: 1 };

async function timeStep() {
  const startedAt = performance.now();
  await step.run({});
  return (performance.now() - startedAt) / 1000;
}

/** Seconds until the training may go on, and until everything is on the disk: of a save right after a step, as all are. */
async function save(writer, epoch) {
  await step.run({});
  const startedAt = performance.now();
  await writer.saveEpoch({ ...progress, epoch: epoch + 1, globalStep: epoch, lossSums: {} }, 'running', {});
  const wait = (performance.now() - startedAt) / 1000;
  await writer.drain();
  return { wait, duration: (performance.now() - startedAt) / 1000 };
}

const pool = createMemoryPool();

/**
 * Seconds of a step between steps, right after the state was copied or without that, with nothing else under way: who leaves
 * copying to the next step makes the training wait there.
 */
async function stepAfter(isCopied) {
  await timeStep();
  if (isCopied) {
    const take = takeFromOne(pool, count * copies * (4 * length + 8) + 2 ** 20);
    const entries = await snapshotTraining(tensors, { ...progress, epoch: 2, globalStep: 1, lossSums: {} }, take);
    pool.giveBack(memoryOf(entries));
  }
  return timeStep();
}

const samples = { sync: [], async: [], copied: [], notCopied: [] };
const writers = { sync: openWriter(false), async: openWriter(true) };
// The step is recorded, and proved in its second replay.
for (let taken = 0; taken < 4; taken++) await step.run({});
// The first save starts the thread and compiles.
for (let round = 0; round <= Number(rounds); round++) {
  for (const [name, writer] of Object.entries(writers)) {
    const sample = await save(writer, round + 1);
    if (round > 0) samples[name].push(sample);
    await sleep(100);
  }
  // On wasm the values are copied out of its memory at once. By turns the first of the two, which are not alike.
  const pair = round % 2 === 0 ? ['copied', 'notCopied'] : ['notCopied', 'copied'];
  for (const name of backendName === 'tensorflow' ? pair : []) {
    const seconds = await stepAfter(name === 'copied');
    if (round > 0) samples[name].push({ seconds });
  }
}
for (const writer of Object.values(writers)) await writer.close();
rmSync(folder, { recursive: true, force: true });
const middle = (list, key) => list.map((one) => one[key]).toSorted((a, b) => a - b)[Math.floor(list.length / 2)];
const slowerSecs =
  samples.copied.length === 0
    ? 0
    : Math.max(0, middle(samples.copied, 'seconds') - middle(samples.notCopied, 'seconds'));
const [stallSecs, durationSecs] = [middle(samples.async, 'wait') + slowerSecs, middle(samples.async, 'duration')];
const hour = 3600;
const interval = autoIntervalSecs({ stallSecs, durationSecs, mtbfSecs: hour });
console.log(
  JSON.stringify({
    backend: `${backend.name} on ${backend.device}`,
    sync_stall_ms: 1000 * (middle(samples.sync, 'wait') + slowerSecs),
    async_stall_ms: 1000 * stallSecs,
    slower_step_ms: 1000 * slowerSecs,
    save_ms: 1000 * durationSecs,
    share_of_save: stallSecs / durationSecs,
    auto_interval_secs: interval,
    share_of_training: stallSecs / interval,
  }),
);
process.exit(0);
