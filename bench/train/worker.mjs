// One case of the bench on one backend of ours: node worker.mjs <case> <backend> <captured|eager> <threads>.
// Reads numbers of steps, a line each; answers with the milliseconds of each step.
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { tensor } from '@tensorflow/tfjs-core';
import { experimentSchema } from '../../dist/config/schema.js';
import { selectBackend } from '../../dist/trainer/backends/select-backend.js';
import { openStep } from '../../dist/trainer/loop/open-step.js';
import { createCrnn, createDiscriminator, createGenerator } from '../../dist/trainer/models/index.js';
import { countParameters, createAdam, createSgd } from '../../dist/trainer/nn/index.js';

const [name, backendName, mode, threads] = process.argv.slice(2);
const { filters, depth, height, width, batch, gan } = JSON.parse(
  readFileSync(new URL('cases.json', import.meta.url), 'utf8'),
)[name];
const config = experimentSchema.parse({
  experiment_name: 'bench',
  epochs: 1,
  model: {
    generator: { filters, depth },
    discriminator: { filters, num_layers: 3, embedding_size: 16, lstm_units: 32, mode: 'ground_truth' },
  },
  training: { captured: mode === 'captured' },
});
const size = { height, width, seed: 1 };
const { device } = await selectBackend(backendName, { wasmThreads: Number(threads) });
const generator = createGenerator(config.model.generator, size);
const discriminator = createDiscriminator(config.model.discriminator, { ...size, characters: 10 });
const recognizer = createCrnn({ height, classes: 11, seed: 1 }).freeze();
const optimizerG = createAdam('optimizer_g', generator, config.optimizer);
const optimizerD = createSgd('optimizer_d', discriminator, { momentum: config.optimizer.momentum_d });
const parts = { generator, discriminator, recognizer, optimizerG, optimizerD, config };
const step = openStep(parts, backendName, () => undefined);
const weights = gan
  ? { pixel: 200, adv: 0.5, recFeat: 5, ctc: 0.5, perceptual: 0, contrastive: 0 }
  : { pixel: 200, adv: 0, recFeat: 0, ctc: 0, perceptual: 0, contrastive: 0 };
const random = (seed) =>
  Float32Array.from({ length: batch * height * width }, (_, i) => ((i * 7919 + seed) % 1000) / 1000);
const [degraded, clean] = [random(1), random(2)];
const labels = Array.from({ length: batch }, (_, line) =>
  Int32Array.from({ length: 6 }, (_, i) => (line + 3 * i) % 10),
);
let stepIndex = 0;
let figures;

async function takeStep() {
  const startedAtMs = performance.now();
  const images = [degraded, clean].map((values) => tensor(values, [batch, height, width, 1]));
  figures = await step.run({
    degraded: images[0],
    clean: images[1],
    labels,
    textLength: 6,
    stepIndex: stepIndex++,
    weights,
    lrG: 2e-4,
    lrD: 2e-4,
  });
  for (const image of images) image.dispose();
  return performance.now() - startedAtMs;
}

const parameters = countParameters(generator) + (gan ? countParameters(discriminator) : 0);
// The first step records a graph, the second loads it, the third is compared with the step itself.
const firstMs = await takeStep();
if (mode === 'captured') for (let i = 0; i < 2; i++) await takeStep();
let stepMs = mode === 'captured' ? await takeStep() : firstMs;
for (let i = 0; i < 3 && stepMs < 2000; i++) stepMs = await takeStep();
console.log(JSON.stringify({ ready: true, parameters, device, firstMs, stepMs }));
for await (const line of createInterface({ input: process.stdin })) {
  const times = [];
  for (let i = 0; i < Number(line); i++) times.push(await takeStep());
  console.log(JSON.stringify({ times, loss: figures.g_loss }));
}
process.exit(0);
