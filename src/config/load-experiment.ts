import { basename, dirname, resolve } from 'node:path';
import { parseExperimentFile, parseExperimentText } from './parse-file.js';
import type { Experiment } from './schema.js';
import {
  type Origin,
  type Setting,
  settingsOfEnvironment,
  settingsOfFile,
  settingsOfFlags,
  type Warning,
} from './settings.js';
import { validateExperiment } from './validate-experiment.js';

export interface LoadedExperiment {
  readonly config: Experiment;
  /** Origin of each value, by canonical dotted path. */
  readonly origins: Readonly<Record<string, Origin>>;
  readonly warnings: readonly Warning[];
  /** Absolute path of the file, and its directory. */
  readonly path: string;
  readonly directory: string;
}

export interface LoadOptions {
  readonly path: string;
  /** Values by canonical dotted path or any synonym, with dashes in front where it is a flag; they win over everything. */
  readonly flags?: Readonly<Record<string, unknown>>;
  /** Environment: `SUPERVISE_CONFIG_TRAINING__BATCH_SIZE=8` sets `training.batch_size`. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The file's text, when it has been read already. */
  readonly text?: string;
}

/**
 * Loads an experiment: flags > environment > file > defaults, whatever dialect the file is written in.
 * @throws CONFIG_NOT_FOUND, CONFIG_SYNTAX, CONFIG_INVALID listing every bad value with path, got, expected, file and line
 */
export function loadExperiment({ path, flags = {}, env = {}, text }: LoadOptions): LoadedExperiment {
  const absolute = resolve(path);
  const warnings: Warning[] = [];
  const leaves = text === undefined ? parseExperimentFile(absolute) : parseExperimentText(text, absolute);
  const settings = mergeSettings([
    settingsOfFile(leaves, warnings),
    settingsOfEnvironment(env),
    settingsOfFlags(flags),
  ]);
  if (!settings.has('experiment_name')) settings.set('experiment_name', nameFromFile(absolute));
  const config = validateExperiment(settings, absolute, warnings);
  warnAboutConsequences(config, settings, warnings);
  return { config, origins: originsOf(config, settings), warnings, path: absolute, directory: dirname(absolute) };
}

function mergeSettings(layers: readonly ReadonlyMap<string, Setting>[]): Map<string, Setting> {
  return new Map(layers.flatMap((layer) => [...layer]));
}

function nameFromFile(path: string): Setting {
  const name = basename(path)
    .replace(/\.(jsonc?|json5)$/i, '')
    .replace(/[^\w.-]+/g, '_')
    .replace(/^[.-]+/, '');
  return { path: 'experiment_name', value: name || 'experiment', rank: 0, origin: { source: 'default' } };
}

function originsOf(config: Experiment, settings: ReadonlyMap<string, Setting>): Record<string, Origin> {
  const origins: Record<string, Origin> = {};
  for (const path of flattenPaths(config)) origins[path] = settings.get(path)?.origin ?? { source: 'default' };
  return origins;
}

function flattenPaths(value: object, path: readonly string[] = []): string[] {
  return Object.entries(value).flatMap(([key, child]: [string, unknown]) =>
    typeof child === 'object' && child !== null && !Array.isArray(child)
      ? flattenPaths(child, [...path, key])
      : [[...path, key].join('.')],
  );
}

function warnAboutConsequences(config: Experiment, settings: ReadonlyMap<string, Setting>, warnings: Warning[]): void {
  const warn = (path: string, message: string) => {
    const line = settings.get(path)?.origin.line;
    warnings.push({ message, ...(line !== undefined && { line }) });
  };
  if (config.checkpoints.save_best_only)
    warn('checkpoints.save_best_only', 'save_best_only: a resume loses every epoch since the best one');
  if (config.checkpoints.save_interval > 1)
    warn(
      'checkpoints.save_interval',
      `save_interval ${config.checkpoints.save_interval}: a crash loses up to that many epochs`,
    );
}
