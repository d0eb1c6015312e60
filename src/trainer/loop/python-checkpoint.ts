import { type Bundle, followObjectGraph, valueSuffix } from '../../checkpoint/index.js';
import type { EpochInfo } from '../../protocol/index.js';
import { type ReadableCheckpoint, restoreTensors } from './restore-training.js';
import type { TrainingProgress } from './training-state.js';
import type { TrainingTensors } from './training-tensors.js';

/** A checkpoint by our names, also when Python has written it: `tf.train.Checkpoint` names objects by their paths. */
export function readByObjectPath(bundle: Bundle): ReadableCheckpoint {
  const find = followObjectGraph(bundle);
  return {
    path: bundle.path,
    entries: { get: (name) => bundle.entries.get(find(name) ?? name) },
    has: (name) => find(name) !== undefined,
    read: (name, into) => bundle.read(find(name) ?? name, into),
  };
}

/**
 * Restores a checkpoint that Python has saved: it has no progress of ours, so the training stands after the epochs that
 * `epoch_info.json` counts. Slots that Python did not save start anew.
 * @throws CHECKPOINT_MISMATCH when a variable is missing or has another shape
 */
export async function restoreFromPython(
  checkpoint: ReadableCheckpoint,
  tensors: TrainingTensors,
  info: EpochInfo,
  seed: number,
  log: (line: string) => void,
): Promise<TrainingProgress> {
  const has = ([name]: readonly [string, unknown]) => checkpoint.has(`${name}${valueSuffix}`);
  const isWanted = (entry: readonly [string, unknown]) => !entry[0].includes('/.OPTIMIZER_SLOT/') || has(entry);
  const variables = new Map([...tensors.variables].filter(isWanted));
  await restoreTensors(checkpoint, { variables, counters: new Map([...tensors.counters].filter(has)) });
  log('  It was saved by Python: the position is that of epoch_info.json.');
  const missing = tensors.variables.size - variables.size;
  if (missing > 0) log(`Warning: ${missing} slots of the optimizers are not in it; they start at zero`);
  return {
    epoch: info.last_completed_epoch + 1,
    step: 0,
    globalStep: tensors.counters.get('optimizer_g/iterations')?.get() ?? 0,
    lossSums: {},
    seed,
    bestEpoch: info.best_epoch ?? 0,
    bestScore: info.best_score ?? null,
    bestMonitored: null,
    epochsWithoutImprovement: 0,
  };
}
