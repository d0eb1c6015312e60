import { existsSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { listCheckpoints } from '../../checkpoint/index.js';
import { type Experiment, loadExperiment, resolveRun } from '../../config/index.js';
import { type EpochInfo, epochInfoPath, readEpochInfo, runPaths, SuperviseError } from '../../protocol/index.js';
import { isFile } from '../is-file.js';

/** A trained model: its weights, and the configuration that they were trained with. */
export interface TrainedModel {
  readonly config: Experiment;
  /** The checkpoint, as its path without `.index`. */
  readonly checkpoint: string;
  /** Why this one, in a few words. */
  readonly reason: string;
  readonly runDir: string;
}

export interface TrainedModelQuery {
  /** A run's directory or name, an experiment file, a directory of checkpoints, or a checkpoint. */
  readonly named: string;
  /** `best`, `last`, or the name of a checkpoint such as `ckpt-3`. */
  readonly wanted: string;
  /** The experiment file, for checkpoints that lie outside a run directory. */
  readonly config?: string | undefined;
  /** Where runs are looked for by name. */
  readonly runsDir: string;
}

/**
 * Finds the model that a user means. A run's own record of its configuration wins over the experiment file, which may have been
 * edited since.
 * @throws RUN_NOT_FOUND, CHECKPOINT_MISSING, CONFIG_*
 */
export function findTrainedModel(query: TrainedModelQuery): TrainedModel {
  const place = findPlace(query);
  const file = query.config ?? recordedExperiment(place.runDir) ?? place.experiment;
  if (file === undefined)
    throw new SuperviseError('RUN_NOT_FOUND', {
      what: 'there is no experiment.json beside these checkpoints, so it is not known what network they belong to',
      where: place.checkpointDir,
      hint: 'name the experiment file: --config experiment.json',
    });
  // The epoch count may have come by a flag, and does not matter here.
  const { config } = loadExperiment({ path: file, flags: { epochs: 1 } });
  if (place.checkpoint !== undefined)
    return { config, checkpoint: place.checkpoint, reason: 'named', runDir: place.runDir };
  return { config, ...chooseCheckpoint(place.checkpointDir, query.wanted), runDir: place.runDir };
}

interface Place {
  readonly runDir: string;
  readonly checkpointDir: string;
  readonly checkpoint?: string;
  readonly experiment?: string;
}

function findPlace({ named, runsDir }: TrainedModelQuery): Place {
  const path = resolve(named.replace(/\.(index|data-\d{5}-of-\d{5})$/, ''));
  if (existsSync(`${path}.index`)) return placeOfDirectory(dirname(path), path);
  if (isFile(path)) return placeOfExperiment(path);
  for (const directory of [path, resolve(runsDir, named)]) {
    if (recordedExperiment(directory) !== undefined) return placeOfRun(directory);
    if (listCheckpoints(directory).length > 0 || existsSync(epochInfoPath(directory)))
      return placeOfDirectory(directory);
  }
  throw new SuperviseError('RUN_NOT_FOUND', {
    what: `"${named}" is no run, no experiment file, no directory of checkpoints and no checkpoint`,
    hint: 'name one of them, such as runs/quickstart; supervise list shows the runs',
  });
}

function placeOfExperiment(path: string): Place {
  const loaded = loadExperiment({ path, flags: { epochs: 1 } });
  if (basename(path) === 'experiment.json' && recordedCheckpoints(dirname(path))) return placeOfRun(dirname(path));
  return { ...resolveRun(loaded, process.cwd()), experiment: path };
}

/** A run's configuration tells its checkpoint directory relative to where it was started: inside it when that is not here. */
function placeOfRun(runDir: string): Place {
  const recorded = recordedExperiment(runDir) as string;
  const { checkpointDir } = resolveRun(loadExperiment({ path: recorded, flags: { epochs: 1 } }), process.cwd());
  const isElsewhere = !recordedCheckpoints(runDir) && existsSync(checkpointDir);
  return { runDir, checkpointDir: isElsewhere ? checkpointDir : runPaths(runDir).checkpoints };
}

function placeOfDirectory(checkpointDir: string, checkpoint?: string): Place {
  const runDir = [checkpointDir, dirname(checkpointDir)].find((folder) => recordedExperiment(folder) !== undefined);
  return { runDir: runDir ?? checkpointDir, checkpointDir, ...(checkpoint !== undefined && { checkpoint }) };
}

function chooseCheckpoint(directory: string, wanted: string): Pick<TrainedModel, 'checkpoint' | 'reason'> {
  const names = listCheckpoints(directory).map(({ name }) => name);
  const newest = names.at(-1);
  if (newest === undefined)
    throw new SuperviseError('CHECKPOINT_MISSING', {
      what: 'there is no checkpoint, so nothing is trained yet',
      where: directory,
      hint: 'train first: supervise <experiment.json>',
    });
  const at = (name: string, reason: string) => ({ checkpoint: join(directory, name), reason });
  if (wanted === 'last') return at(newest, 'the newest');
  if (wanted === 'best') {
    const best = bestOf(readEpochInfo(directory));
    if (best !== undefined && names.includes(best)) return at(best, 'the best by validation');
    return at(
      newest,
      best === undefined ? 'the newest, for no best one is recorded' : `the newest, for ${best} is gone`,
    );
  }
  if (names.includes(wanted)) return at(wanted, 'named');
  throw new SuperviseError('CHECKPOINT_MISSING', {
    what: `there is no checkpoint ${wanted}`,
    where: directory,
    expected: `best, last, ${names.join(', ')}`,
  });
}

function bestOf(info: EpochInfo | undefined): string | undefined {
  return info?.best_epoch === undefined ? undefined : `ckpt-${info.best_epoch}`;
}

function recordedExperiment(directory: string): string | undefined {
  const path = runPaths(directory).experiment;
  return isFile(path) ? path : undefined;
}

function recordedCheckpoints(runDir: string): boolean {
  return existsSync(runPaths(runDir).checkpoints);
}
