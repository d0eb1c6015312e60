import type { Experiment } from './schema.js';

/** What an experiment wants kept besides its newest checkpoints and the best one, as the checkpoint code takes it. */
export function retentionRules({ checkpoints }: Pick<Experiment, 'checkpoints'>) {
  const { keep_best, keep_best_metric, keep_best_mode, keep_every_epochs, keep_every_minutes } = checkpoints;
  const mode = keep_best_mode ?? (/(^|_)(cer|wer)(_|$)|loss|error/i.test(keep_best_metric) ? 'min' : 'max');
  return {
    ...(keep_best > 0 && { keepBest: { count: keep_best, metric: keep_best_metric, mode } as const }),
    ...(keep_every_epochs !== undefined && { everyEpochs: keep_every_epochs }),
    ...(keep_every_minutes !== undefined && { everyMinutes: keep_every_minutes }),
  };
}
