import { z } from 'zod';
import { checkpoints, rollback } from './schema/checkpoints.js';
import { data } from './schema/data.js';
import { adaptiveBalancing, lossConfig, lossWeights } from './schema/losses.js';
import { model } from './schema/model.js';
import { metrics, samples } from './schema/records.js';
import { failureRule, hang, notify, restart, trainer } from './schema/supervision.js';
import { earlyStopping, optimizer, schedule, training } from './schema/training.js';
import { path, positive } from './schema/values.js';

/** The resolved experiment: what every dialect is brought to. Types, JSON Schema and docs/config.md derive from it. */
export const experimentSchema = z.object({
  experiment_name: z
    .string()
    .regex(/^[\w][\w.-]*$/, 'letters, digits, dot, dash and underscore, starting with a letter or digit')
    .describe('Name of the run; its directory is runs/<experiment_name>.'),
  description: z.string().optional().describe('Free text about the run; it changes nothing.'),
  epochs: positive.describe('Epochs to complete.'),
  seed: z.number().int().default(42).describe('Seed of initial weights, data order and made data.'),
  run_dir: path.optional().describe('Run directory. Default: runs/<experiment_name>.'),
  checkpoint_dir: path
    .regex(/^(?!\w+:\/\/)/, 'a directory of this machine; checkpoints.remote.url takes the URL of a store')
    .optional()
    .describe('Checkpoint directory. Default: checkpoints/ in the run directory.'),
  sample_dir: path.optional().describe('Directory of sample images. Default: samples/ in the run directory.'),
  resume: z
    .boolean()
    .default(true)
    .describe('Continue from the last completed epoch when there is one; false starts afresh, like no_restore.'),
  no_restore: z
    .boolean()
    .default(false)
    .describe(
      'Start the run afresh; existing checkpoints are set aside, not destroyed. After a crash it is continued all the same.',
    ),
  trainer: trainer.prefault({}),
  restart: restart.prefault({}),
  hang: hang.prefault({}),
  notify: notify.prefault({}),
  failure_rules: z
    .array(failureRule)
    .default([])
    .describe(
      'Rules of your own that name a failure by its log, exit code or signal; they come before the built-in ones.',
    ),
  model: model.prefault({}),
  data: data.prefault({}),
  training: training.prefault({}),
  optimizer: optimizer.prefault({}),
  schedule: schedule.prefault({}),
  loss_weights: lossWeights.prefault({}),
  loss_config: lossConfig.prefault({}),
  adaptive_balancing: adaptiveBalancing.prefault({}),
  early_stopping: earlyStopping.prefault({}),
  checkpoints: checkpoints.prefault({}),
  rollback: rollback.prefault({}),
  samples: samples.prefault({}),
  metrics: metrics.prefault({}),
});

/** A resolved experiment: every default filled in, paths still as written. */
export type Experiment = z.output<typeof experimentSchema>;
