// 1,000 steps and 20 saves of the quickstart in one process: node --expose-gc flat.mjs <backend> <threads> <epochs> <steps>.
// Prints what is held after each epoch, and how much of the epochs was no computation of steps. Steps are of two lines: what a
// step leaves behind does not depend on them, and what is around it weighs more beside shorter ones.
import { subscribe } from 'node:diagnostics_channel';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { backend, memory } from '@tensorflow/tfjs-core';
import { parse } from 'jsonc-parser';
import { experimentSchema } from '../../dist/config/schema.js';
import { openTraining } from '../../dist/trainer/loop/open-training.js';
import { runTraining } from '../../dist/trainer/loop/run-training.js';

const [backendName, threads, epochs, steps] = process.argv.slice(2);
const quickstart = parse(readFileSync(new URL('../../configs/quickstart.json', import.meta.url), 'utf8'));
const config = experimentSchema.parse({
  ...quickstart,
  epochs: Number(epochs),
  training: {
    ...quickstart.training,
    backend: backendName,
    batch_size: 2,
    wasm_threads: Number(threads),
    steps_per_epoch: Number(steps),
  },
  data: { ...quickstart.data, train_samples: 256, val_samples: 8 },
});
const folder = mkdtempSync(join(tmpdir(), 'bench-flat-'));
const paths = { runDir: folder, checkpointDir: join(folder, 'checkpoints'), sampleDir: join(folder, 'samples') };
let computedMs = 0;
let loopMs = 0;
subscribe('supervise:step', (ms) => {
  computedMs += ms;
});
const signals = { stopSignal: () => undefined, takeSaveRequest: () => false, dispose: () => undefined };
const opened = await openTraining({ config, paths, resume: false, noRestore: false, log: () => undefined }, signals);
const held = [];
const { saveEpoch, finishSaving, trainStep, reportStep } = opened.training;
let startedAtMs;
const training = {
  ...opened.training,
  trainStep: (progress) => {
    startedAtMs ??= performance.now();
    // The first steps record and prove a graph.
    if (progress.globalStep === 5) computedMs = loopMs = 0;
    if (progress.globalStep === 5 || progress.step === 0) startedAtMs = performance.now();
    return trainStep(progress);
  },
  reportStep: (progress, ms) => {
    reportStep(progress, ms);
    if (progress.step === Number(steps)) loopMs += performance.now() - startedAtMs;
  },
  saveEpoch: async (...args) => {
    await saveEpoch(...args);
    // Until it is on disk, a save holds tensors.
    await finishSaving();
    globalThis.gc();
    const { numTensors, numBytes } = memory();
    const handles = backend().binding?.getNumOfTensors() ?? 0;
    const { rss, heapUsed, heapTotal, external } = process.memoryUsage();
    const wasmBytes = backend().wasm?.HEAPU8.length ?? 0;
    held.push({
      tensors: numTensors,
      bytes: numBytes,
      handles,
      residentMb: rss / 1e6,
      usedHeapMb: heapUsed / 1e6,
      heapMb: heapTotal / 1e6,
      externalMb: external / 1e6,
      wasmMb: wasmBytes / 1e6,
    });
  },
};
await runTraining(training, opened.start);
await opened.close();
rmSync(folder, { recursive: true });
console.log(JSON.stringify({ held, computedMs, loopMs }));
process.exit(0);
