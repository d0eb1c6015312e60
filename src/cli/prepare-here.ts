import { loadExperiment, resolveRun } from '../config/index.js';
import { refuseHopelessLaunch } from './preflight.js';
import type { Preparation, PreparationOrder } from './prepare-apart.js';
import { writeWarnings } from './write-warnings.js';

/**
 * Loads an experiment and looks at what a first launch needs, telling what is amiss. Returns an exit code when the run cannot
 * go well.
 * @throws what loadExperiment throws
 */
export async function prepareHere(order: PreparationOrder): Promise<Preparation | number> {
  const loaded = loadExperiment({ path: order.experiment, flags: order.flags, env: process.env });
  const run = resolveRun(loaded, order.cwd);
  writeWarnings(loaded);
  const refused = await refuseHopelessLaunch({ loaded, run, referenceTrainer: order.referenceTrainer });
  return refused ?? { loaded, run };
}
