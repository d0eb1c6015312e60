import type { TensorData } from '../../checkpoint/index.js';
import { restoreTraining } from './restore-training.js';
import { snapshotTraining } from './training-state.js';
import type { TrainingTensors } from './training-tensors.js';

/**
 * Runs steps for their side effects on caches and compilers only: the state is afterwards what it was before, bit for bit. Where
 * steps are recorded, the first one is, the second is compared with its replay, and the third is as all others.
 */
export async function warmUp(tensors: TrainingTensors, step: () => Promise<unknown>): Promise<void> {
  const unused = { bestEpoch: 0, bestScore: null, bestMonitored: null, epochsWithoutImprovement: 0 };
  const progress = { ...unused, epoch: 1, step: 0, globalStep: 0, lossSums: {}, seed: 0 };
  const entries = new Map(await snapshotTraining(tensors, progress));
  for (let done = 0; done < warmUpSteps; done++) await step();
  const read = (name: string) => readFrom(entries, name);
  await restoreTraining({ path: 'memory', entries, has: (name) => entries.has(name), read }, tensors);
}

const warmUpSteps = 3;

function readFrom(entries: ReadonlyMap<string, TensorData>, name: string): TensorData {
  const entry = entries.get(name);
  if (entry === undefined) throw new Error(`${name} is not in the snapshot`);
  return entry;
}
