import { join } from 'node:path';
import type { Experiment } from '../../../src/config/schema.js';
import { openTraining } from '../../../src/trainer/loop/open-training.js';

const signals = { stopSignal: () => undefined, takeSaveRequest: () => false } as never;

/** Figures of three steps in the second epoch: the third shows what the optimizers remember. */
export async function figuresOfSteps(config: Experiment, folder: string): Promise<Readonly<Record<string, number>>[]> {
  const paths = { runDir: folder, checkpointDir: join(folder, 'checkpoints'), sampleDir: join(folder, 'samples') };
  const options = { config, paths, resume: false, noRestore: false, log: () => undefined };
  const opened = await openTraining(options, signals);
  if (opened === undefined) throw new Error('no training');
  const { training, start, release } = opened;
  let progress = { ...start, epoch: 2, globalStep: 4 };
  const figures = [];
  for (let step = 0; step < 3; step++) {
    const losses = await training.trainStep(progress);
    const balance = training.rebalance(progress, losses);
    progress = { ...progress, step: step + 1, globalStep: 5 + step, ...(balance !== undefined && { balance }) };
    figures.push(losses);
  }
  // Closing it would end the backend, too, for good.
  await release();
  return figures;
}
