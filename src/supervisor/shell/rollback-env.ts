import type { Experiment } from '../../config/index.js';
import { TrainerEnv } from '../../protocol/index.js';
import type { Divergence } from '../divergence.js';

/** What a trainer is told of the divergences so far: the batches to leave out, and the factor on its learning rates. */
export function rollbackEnv(
  { policy, skip_steps, lr_factor }: Experiment['rollback'],
  divergences: readonly Divergence[],
): Readonly<Record<string, string>> {
  const places = policy === 'skip_batches' ? divergences.flatMap(({ at }) => at ?? []) : [];
  const batches = places.flatMap(({ epoch, step }) => {
    const count = Math.min(skip_steps, step + 1);
    return Array.from({ length: count }, (_, index) => `${epoch}:${step - count + 1 + index}`);
  });
  const factor = policy === 'cut_lr' ? lr_factor ** divergences.length : 1;
  return { [TrainerEnv.skipSteps]: [...new Set(batches)].join(','), [TrainerEnv.lrFactor]: String(factor) };
}
