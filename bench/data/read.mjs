// Reads steps as the trainer does: once as fast as they come, once between steps that keep the thread busy. Prints JSON.
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { experimentSchema } from '../../dist/config/schema.js';
import { openDataset, openDatasetThread, readAhead } from '../../dist/trainer/data/index.js';

const { path, folder, threaded, steps, stepMs, batchSize, width, height } = JSON.parse(process.argv[2]);
const baseRssMb = peakRssMb();
const data = { tfrecord_path: path, val_tfrecord_path: path, image_width: width, image_height: height };
const { data: config } = experimentSchema.parse({ experiment_name: 'bench', epochs: 1, data });
const openedAtMs = performance.now();
const open = threaded ? openDatasetThread : openDataset;
const dataset = await open({ config, seed: 1, dir: mkdtempSync(join(folder, 'known-')) });
const openMs = performance.now() - openedAtMs;
const busy = await readSteps(1, stepMs);
const idle = await readSteps(2, 0);
await dataset.close();
const result = {
  openMs,
  linesPerSecond: (1000 * idle.steps * batchSize) / idle.wallMs,
  waitMsPerStep: busy.waitedMs / busy.steps,
  waitPercent: (100 * busy.waitedMs) / busy.wallMs,
  peakRssMb: peakRssMb(),
  baseRssMb,
};
process.stdout.write(JSON.stringify(result));
process.exit(0);

async function readSteps(epoch, busyMs) {
  const range = { epoch, firstStep: 0, stepsPerEpoch: steps, batchSize };
  const batches = readAhead(dataset.train.readSteps(range), 1);
  // The first batches fill what is read ahead; a training has them while it opens.
  const warmUp = Math.min(10, steps - 1);
  let [waitedMs, startedAtMs, done] = [0, 0, 0];
  for (let step = 0; step < steps; step++) {
    const askedAtMs = performance.now();
    if (step === warmUp) startedAtMs = askedAtMs;
    const { value } = await batches.next();
    if (value.degraded.length !== batchSize * width * height) throw new Error('that is no batch');
    if (step >= warmUp) {
      waitedMs += performance.now() - askedAtMs;
      done++;
    }
    const busyFromMs = performance.now();
    while (performance.now() - busyFromMs < busyMs);
  }
  const wallMs = performance.now() - startedAtMs;
  await batches.return();
  return { waitedMs, wallMs, steps: done };
}

function peakRssMb() {
  return process.resourceUsage().maxRSS / 1000;
}
