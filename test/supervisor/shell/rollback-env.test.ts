import { expect, test } from 'vitest';
import { rollbackEnv } from '../../../src/supervisor/shell/rollback-env.js';

const settings = {
  policy: 'skip_batches',
  max_rollbacks: 3,
  skip_steps: 1,
  lr_factor: 0.5,
  spike_deviations: 0,
} as const;
const twice = [{ at: { epoch: 3, step: 59 } }, { at: undefined }, { at: { epoch: 4, step: 1 } }];

test.each([
  ['nothing without a divergence', settings, [], '', '1'],
  ['the batches, one by one', settings, twice, '3:59,4:1', '1'],
  ['a batch only once', settings, [...twice, ...twice], '3:59,4:1', '1'],
  ['those before them too', { ...settings, skip_steps: 3 }, twice, '3:57,3:58,3:59,4:0,4:1', '1'],
  ['the factor of all divergences', { ...settings, policy: 'cut_lr' as const }, twice, '', '0.125'],
  ['nothing by no policy', { ...settings, policy: 'none' as const }, twice, '', '1'],
])('tells %s', (_, rollback, divergences, steps, factor) => {
  expect(rollbackEnv(rollback, divergences)).toEqual({ SUPERVISE_SKIP_STEPS: steps, SUPERVISE_LR_FACTOR: factor });
});
