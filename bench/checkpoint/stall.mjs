// How long a save keeps the training waiting: node stall.mjs <megabytes> <backend> <rounds> <folder>, one line of JSON.
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { matMul, tanh, tensor2d, variable } from '@tensorflow/tfjs-core';
import { selectBackend } from '../../dist/trainer/backends/select-backend.js';
import { captureStep, runEagerly } from '../../dist/trainer/capture/index.js';
import { createBackgroundCommit } from '../../dist/trainer/loop/background-commit.js';
import { createCheckpointWriter } from '../../dist/trainer/loop/checkpoint-files.js';
import { createMemoryPool, memoryOf, takeFromOne } from '../../dist/trainer/loop/memory-pool.js';
import { autoIntervalSecs } from '../../dist/trainer/loop/save-policy.js';
import { holdTraining } from '../../dist/trainer/loop/training-state.js';
import { waitUntilReady } from '../../dist/trainer/loop/wait-until-ready.js';
import { meanSquaredError } from '../../dist/trainer/losses/distances.js';
import { differentiate } from '../../dist/trainer/nn/gradients.js';
import { createAdam } from '../../dist/trainer/nn/optimizers/adam.js';

const [megabytes, backendName, rounds, root] = process.argv.slice(2);
/** A network of dense layers: of all, it computes least for its number of weights. */
const count = 64;
const batch = 32;
/** A weight and its two moments. */
const copies = 3;
const width = Math.round(Math.sqrt((Number(megabytes) * 1e6) / 4 / count / copies));
const length = width ** 2;
const folder = mkdtempSync(join(root, 'bench-stall-'));
const backend = await selectBackend(backendName);
const weights = new Map(
  Array.from({ length: count }, (_, index) => {
    const values = Float32Array.from({ length }, (__, at) => Math.sin(at + index) / width);
    return [`layer${index}/kernel`, variable(tensor2d(values, [width, width]))];
  }),
);
const network = { variables: weights, trainable: weights };
const optimizer = createAdam('optimizer', network, { beta1: 0.9, beta2: 0.999 });
const input = tensor2d(
  Float32Array.from({ length: batch * width }, (_, at) => Math.cos(at)),
  [batch, width],
);
const outputOf = () => [...weights.values()].reduce((x, weight) => tanh(matMul(x, weight)), input);
const program = {
  structureOf: () => 'same',
  compute: () => {
    const { loss, gradients } = differentiate(network, () => ({
      loss: meanSquaredError(outputOf(), input),
      extra: undefined,
    }));
    optimizer.apply(gradients, 1e-4);
    for (const gradient of gradients.values()) gradient.dispose();
    return { loss };
  },
};
const step = backendName === 'tensorflow' ? captureStep(program, console.error) : runEagerly(program);
const tensors = {
  variables: new Map([...weights, ...optimizer.slots()]),
  counters: new Map([['optimizer/iterations', optimizer.iterations]]),
  settle: step.settle,
  locate: step.locate,
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

/** Seconds of a step between steps, with nothing else under way; `isHeld`: while the state from before it is held for a save. */
async function stepAfter(isHeld) {
  await timeStep();
  if (!isHeld) return timeStep();
  const take = takeFromOne(pool, count * copies * (4 * length + 8) + 2 ** 20);
  const held = await holdTraining(tensors, { ...progress, epoch: 2, globalStep: 1, lossSums: {} }, take);
  const seconds = await timeStep();
  waitUntilReady(held.ready);
  held.release();
  pool.giveBack(memoryOf(held.entries));
  return seconds;
}

const middle = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
const samples = { sync: [], async: [], slower: [], usual: [] };
const writers = { sync: openWriter(false), async: openWriter(true) };
/** A step varies by more than what is looked for. */
const pairsPerRound = 4;
// The step is recorded, and proved in its second replay.
for (let taken = 0; taken < 4; taken++) await step.run({});
// The first save starts the thread and compiles.
for (let round = 0; round <= Number(rounds); round++) {
  for (const [name, writer] of Object.entries(writers)) {
    const sample = await save(writer, round + 1);
    if (round > 0) samples[name].push(sample);
    await sleep(100);
  }
  // What is left to the next step makes the training wait there. By turns the first of the two, which are not alike.
  for (let pair = 0; pair < pairsPerRound; pair++) {
    const seconds = {};
    for (const isHeld of pair % 2 === 0 ? [true, false] : [false, true]) seconds[isHeld] = await stepAfter(isHeld);
    if (round === 0) continue;
    samples.slower.push(seconds.true - seconds.false);
    samples.usual.push(seconds.false);
  }
}
for (const writer of Object.values(writers)) await writer.close();
rmSync(folder, { recursive: true, force: true });
const slowerSecs = Math.max(0, middle(samples.slower));
const stallSecs = middle(samples.async.map(({ wait }) => wait)) + slowerSecs;
const durationSecs = middle(samples.async.map(({ duration }) => duration));
const hour = 3600;
const interval = autoIntervalSecs({ stallSecs, durationSecs, mtbfSecs: hour });
console.log(
  JSON.stringify({
    backend: `${backend.name} on ${backend.device}`,
    sync_stall_ms: 1000 * middle(samples.sync.map(({ wait }) => wait)),
    async_stall_ms: 1000 * stallSecs,
    step_ms: 1000 * middle(samples.usual),
    slower_step_ms: 1000 * slowerSecs,
    save_ms: 1000 * durationSecs,
    share_of_save: stallSecs / durationSecs,
    auto_interval_secs: interval,
    share_of_training: stallSecs / interval,
  }),
);
process.exit(0);
