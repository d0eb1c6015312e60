// Restores with our own code, in a process of its own, as the lines on stdin say: [path]. Arguments: MB of state, what it is
// restored into, a folder. "wasm" and "tensorflow": the variables of a training on that backend, by the code of the trainer;
// "memory": arrays that are there, by `readAll`; "arrays": new arrays.
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { openBundle, valueSuffix, writeBundle } from '../../dist/checkpoint/index.js';
import { collectGarbage, measure, serve } from './measure.mjs';
import { describeState, makeState } from './state.mjs';

const [megabytes, target, folder] = process.argv.slice(2);
const stateMb = Number(megabytes);
const isTraining = target === 'wasm' || target === 'tensorflow';

/** Restores a training's variables, as `restoreNewest` of the trainer does. */
async function openTraining(backend) {
  const { selectBackend } = await import('../../dist/trainer/backends/select-backend.js');
  const { restoreTensors } = await import('../../dist/trainer/loop/restore-training.js');
  const { constant } = await import('../../dist/trainer/nn/initializers.js');
  const { buildModule } = await import('../../dist/trainer/nn/module.js');
  // As in a relaunch: the same backend has passed its self-test before.
  await selectBackend(backend, { trustsVerdicts: true });
  const { isOnTensorflow, nativeBackend } = await import('../../dist/trainer/backends/tensorflow-ops.js');
  if (isOnTensorflow() && nativeBackend().binding.refillTensor === undefined)
    throw new Error('the binding of TensorFlow is an older one: build it anew by "npm run native"');
  const open = ([key, { shape }], index) => {
    const [layer, name] = key.slice(0, -valueSuffix.length).split('/');
    return [`${layer}/${name}`, buildModule(layer, 0).root.weight(name, shape, constant(index + 1))];
  };
  return (tensors) => {
    const variables = new Map(tensors.map(open));
    return (bundle) => restoreTensors(bundle, { variables, counters: new Map() });
  };
}

async function openLibrary() {
  return (tensors) => {
    const memory = target === 'memory' ? new Map(tensors.map(([name, { data }]) => [name, data])) : undefined;
    const into = memory && ((name) => memory.get(name));
    return async (bundle) => {
      const restored = [];
      for await (const entry of bundle.readAll(undefined, into)) restored.push(entry);
      return restored;
    };
  };
}

const open = await (isTraining ? openTraining(target) : openLibrary());

async function restore(path, use) {
  const bundle = openBundle(path);
  const kept = await use(bundle);
  bundle.close();
  return kept;
}

/** Loads what a restore needs, without touching the memory that it will fill. */
async function rehearse() {
  const own = mkdtempSync(join(folder, 'rehearsal-'));
  const tiny = makeState(0.001);
  writeBundle(join(own, 'tiny'), tiny);
  await restore(join(own, 'tiny'), open(tiny));
  rmSync(own, { recursive: true });
}

await rehearse();
const use = open(target === 'memory' ? makeState(stateMb) : describeState(stateMb));
await collectGarbage();
await serve(async (path) => {
  const { extra_mb, ...measured } = await measure(() => restore(path, use));
  return { ...measured, extra_mb: extra_mb - (target === 'arrays' ? stateMb : 0) };
});
