// How long a save keeps the training waiting: node stall.mjs <megabytes> <backend> <rounds>, one line of JSON.
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { tensor1d, variable } from '@tensorflow/tfjs-core';
import { selectBackend } from '../../dist/trainer/backends/select-backend.js';
import { createCheckpointWriter } from '../../dist/trainer/loop/checkpoint-files.js';
import { autoIntervalSecs } from '../../dist/trainer/loop/save-policy.js';

const [megabytes, backendName, rounds, root] = process.argv.slice(2);
const count = 64;
const length = Math.round((Number(megabytes) * 1e6) / 4 / count);
const folder = mkdtempSync(join(root, 'bench-stall-'));
const backend = await selectBackend(backendName);
const variables = new Map(
  Array.from({ length: count }, (_, index) => {
    const values = Float32Array.from({ length }, (__, at) => Math.sin(at + index));
    return [`layer${index}/kernel`, variable(tensor1d(values))];
  }),
);

function openWriter(isBackground) {
  return createCheckpointWriter({
    directory: join(folder, isBackground ? 'async' : 'sync'),
    tensors: { variables, counters: new Map() },
    totalEpochs: 1000,
    maxCheckpoints: 1,
    restoresBest: false,
    retention: {},
    lastCheckpoint: undefined,
    isBackground,
    whenBusy: 'skip',
    onUnsaved: undefined,
  });
}

const progress = { bestEpoch: 0, bestScore: null, bestMonitored: null, epochsWithoutImprovement: 0, step: 0, seed: 1 };

/** Seconds until the training may go on, and until everything is on the disk. */
async function save(writer, epoch) {
  const startedAt = performance.now();
  await writer.saveEpoch({ ...progress, epoch: epoch + 1, globalStep: epoch, lossSums: {} }, 'running', {});
  const stalled = performance.now();
  await writer.drain();
  return { stall: (stalled - startedAt) / 1000, duration: (performance.now() - startedAt) / 1000 };
}

const samples = { sync: [], async: [] };
const writers = { sync: openWriter(false), async: openWriter(true) };
// The first save starts the thread and compiles.
for (let round = 0; round <= Number(rounds); round++) {
  for (const [name, writer] of Object.entries(writers)) {
    const sample = await save(writer, round + 1);
    if (round > 0) samples[name].push(sample);
    await sleep(100);
  }
}
for (const writer of Object.values(writers)) await writer.close();
rmSync(folder, { recursive: true, force: true });
const middle = (list, key) => list.map((one) => one[key]).toSorted((a, b) => a - b)[Math.floor(list.length / 2)];
const [stallSecs, durationSecs] = [middle(samples.async, 'stall'), middle(samples.async, 'duration')];
const hour = 3600;
const interval = autoIntervalSecs({ stallSecs, durationSecs, mtbfSecs: hour });
console.log(
  JSON.stringify({
    backend: `${backend.name} on ${backend.device}`,
    sync_stall_ms: 1000 * middle(samples.sync, 'stall'),
    async_stall_ms: 1000 * stallSecs,
    save_ms: 1000 * durationSecs,
    share_of_save: stallSecs / durationSecs,
    auto_interval_secs: interval,
    share_of_training: stallSecs / interval,
  }),
);
process.exit(0);
