// The networks, the optimizers and the batches of a case, on a backend of ours.
import { readFileSync } from 'node:fs';
import { tensor } from '@tensorflow/tfjs-core';
import { experimentSchema } from '../../dist/config/schema.js';
import { selectBackend } from '../../dist/trainer/backends/select-backend.js';
import { operationThreads } from '../../dist/trainer/loop/operation-threads.js';
import { createCrnn, createDiscriminator, createGenerator } from '../../dist/trainer/models/index.js';
import { countParameters, createAdam, createSgd } from '../../dist/trainer/nn/index.js';

/** Builds a case of cases.json; `mode` is captured or eager. */
export async function buildCase(name, backendName, threads, mode) {
  const { filters, depth, height, width, batch, gan } = readCase(name);
  const config = experimentSchema.parse({
    experiment_name: 'bench',
    epochs: 1,
    model: {
      generator: { filters, depth },
      discriminator: { filters, num_layers: 3, embedding_size: 16, lstm_units: 32, mode: 'ground_truth' },
    },
    training: { captured: mode === 'captured', batch_size: batch },
    data: { image_height: height, image_width: width },
  });
  const size = { height, width, seed: 1 };
  const { device } = await selectBackend(backendName, {
    wasmThreads: threads,
    operationThreads: operationThreads(config),
  });
  const generator = createGenerator(config.model.generator, size);
  const discriminator = createDiscriminator(config.model.discriminator, { ...size, characters: 10 });
  const recognizer = createCrnn({ height, classes: 11, seed: 1 }).freeze();
  const optimizerG = createAdam('optimizer_g', generator, config.optimizer);
  const optimizerD = createSgd('optimizer_d', discriminator, { momentum: config.optimizer.momentum_d });
  const weights = gan
    ? { pixel: 200, adv: 0.5, recFeat: 5, ctc: 0.5, perceptual: 0, contrastive: 0 }
    : { pixel: 200, adv: 0, recFeat: 0, ctc: 0, perceptual: 0, contrastive: 0 };
  const labels = Array.from({ length: batch }, (_, line) =>
    Int32Array.from({ length: 6 }, (_, i) => (line + 3 * i) % 10),
  );
  const values = [1, 2].map((seed) =>
    Float32Array.from({ length: batch * height * width }, (_, i) => ((i * 7919 + seed) % 1000) / 1000),
  );
  /** The batch of a step, whose images are to be freed. */
  const batchAt = (stepIndex) => {
    const images = values.map((each) => tensor(each, [batch, height, width, 1]));
    const [degraded, clean] = images;
    return { images, batch: { degraded, clean, labels, textLength: 6, stepIndex, weights, lrG: 2e-4, lrD: 2e-4 } };
  };
  return {
    parts: { generator, discriminator, recognizer, optimizerG, optimizerD, config },
    batchAt,
    device,
    parameters: countParameters(generator) + (gan ? countParameters(discriminator) : 0),
  };
}

function readCase(name) {
  return JSON.parse(readFileSync(new URL('cases.json', import.meta.url), 'utf8'))[name];
}
