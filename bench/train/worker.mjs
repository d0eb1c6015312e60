// One case of the bench on one backend of ours: node worker.mjs <case> <backend> <captured|eager> <threads>.
// Reads numbers of steps, a line each; answers with the milliseconds of each step.
import process from 'node:process';
import { createInterface } from 'node:readline';
import { openStep } from '../../dist/trainer/loop/open-step.js';
import { buildCase } from './build-case.mjs';

const [name, backendName, mode, threads] = process.argv.slice(2);
const { parts, batchAt, device, parameters } = await buildCase(name, backendName, Number(threads), mode);
const step = openStep(parts, backendName, () => undefined);
let stepIndex = 0;
let figures;

async function takeStep() {
  const startedAtMs = performance.now();
  const { images, batch } = batchAt(stepIndex++);
  figures = await step.run(batch);
  for (const image of images) image.dispose();
  return performance.now() - startedAtMs;
}

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
