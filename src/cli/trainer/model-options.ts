import { SuperviseError } from '../../protocol/index.js';
import type { CommandLine } from '../commands/command.js';
import { listRunDirs, runsDirOption, usualRunsDir } from '../find-run.js';
import type { OptionTable } from '../option-table.js';
import { findTrainedModel, type TrainedModel } from './find-trained.js';
import { backendNames } from './values.js';

/** The flags that say which trained model is meant, and what it runs on. */
export const modelOptions = {
  checkpoint: {
    type: 'string',
    describe: 'best, last, a name such as ckpt-3, or the path of a checkpoint (default: best)',
  },
  config: { type: 'string', describe: 'Experiment file, for checkpoints that have no experiment.json beside them' },
  ...runsDirOption,
  backend: {
    type: 'string',
    describe: `Numerical backend: ${backendNames.join(', ')} (default: that of the training)`,
  },
} as const satisfies OptionTable;

/**
 * The model that a command line means: a run, experiment file or checkpoint that it names, or the only run there is. A path
 * given by --checkpoint needs nothing else.
 * @throws RUN_NOT_FOUND, CHECKPOINT_MISSING, CONFIG_*
 */
export function modelOf(line: CommandLine, named: string | undefined): TrainedModel {
  const runsDir = line.text('runs-dir') ?? usualRunsDir;
  const wanted = line.text('checkpoint') ?? 'best';
  const isPath = wanted.includes('/');
  const place = isPath ? wanted : (named ?? onlyRun(runsDir));
  return findTrainedModel({ named: place, wanted, config: line.text('config'), runsDir });
}

function onlyRun(runsDir: string): string {
  const runs = listRunDirs(runsDir);
  const [only] = runs;
  if (only !== undefined && runs.length === 1) return only;
  throw new SuperviseError('RUN_NOT_FOUND', {
    what: only === undefined ? `there is no run below ${runsDir}/` : `there are ${runs.length} runs below ${runsDir}/`,
    hint: 'name the model: --run runs/<name>, or --checkpoint <path>',
  });
}
