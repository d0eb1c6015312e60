import type { Experiment } from '../../config/schema.js';

/** Settings that this version of the reference trainer reads but does not act upon: one sentence for each that is set. Pure. */
export function describeUnusedSettings({
  loss_weights,
  loss_config,
  adaptive_balancing,
  early_stopping,
}: Experiment): string[] {
  const wantsPerceptual = loss_weights.perceptual_loss_weight > 0 || loss_config.use_perceptual_loss;
  const unused: [boolean, string, string][] = [
    [wantsPerceptual, 'the perceptual loss', 'it is left out'],
    [loss_weights.contrastive_loss_weight > 0, 'the contrastive loss', 'it is left out'],
    [loss_config.gradient_penalty_weight > 0, 'the gradient penalty', 'it is left out'],
    [adaptive_balancing.enabled, 'adaptive balancing', 'the loss weights stay as they are written'],
    [
      early_stopping.enabled && early_stopping.restore_best_weights,
      'early_stopping.restore_best_weights',
      'the best checkpoint is kept beside the last one',
    ],
  ];
  return unused.flatMap(([isSet, name, instead]) => (isSet ? [`Not in this version: ${name}; ${instead}.`] : []));
}
