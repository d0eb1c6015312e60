import { existsSync } from 'node:fs';
import { loadExperiment, type Origin, resolveRun, trainerCommand } from '../config/index.js';
import { ExitCode, epochInfoPath } from '../protocol/index.js';
import { quoteWord } from './format.js';

export interface DryRunOptions {
  readonly experiment: string;
  readonly flags: Readonly<Record<string, unknown>>;
  readonly json: boolean;
  readonly startOver: boolean;
  readonly referenceTrainer: readonly [string, ...string[]];
}

/**
 * Prints the resolved configuration, where each value came from, and the exact trainer command. Touches nothing.
 * @throws what loadExperiment throws
 */
export function dryRunExperiment({ experiment, flags, json, startOver, referenceTrainer }: DryRunOptions): number {
  const loaded = loadExperiment({ path: experiment, flags, env: process.env });
  const run = resolveRun(loaded, process.cwd());
  const { config, origins, warnings, path } = loaded;
  const isFresh = startOver || config.no_restore || !config.resume;
  const resume = !isFresh && existsSync(epochInfoPath(run.checkpointDir));
  const { command, cwd } = trainerCommand({ config, run, resume, referenceTrainer });
  if (json) {
    process.stdout.write(`${JSON.stringify({ config, origins, command, warnings }, null, 2)}\n`);
    return ExitCode.ok;
  }
  const lines = [
    `${path}`,
    '',
    ...describeValues(config, origins),
    '',
    `run directory         ${run.runDir}`,
    `checkpoint directory  ${run.checkpointDir}`,
    `working directory     ${cwd}`,
    `trainer command       ${command.map(quoteWord).join(' ')}`,
  ];
  const warned = warnings.map(
    ({ message, line }) => `warning: ${line === undefined ? '' : `line ${line}: `}${message}`,
  );
  process.stdout.write(`${[...lines, ...(warned.length > 0 ? ['', ...warned] : [])].join('\n')}\n`);
  return ExitCode.ok;
}

function describeValues(config: object, origins: Readonly<Record<string, Origin>>): string[] {
  const rows = Object.entries(origins).map(([path, origin]) => ({
    path,
    value: JSON.stringify(valueAt(config, path)) ?? '',
    origin: describeOrigin(path, origin),
  }));
  const widest = (column: 'path' | 'value') => Math.min(48, Math.max(...rows.map((row) => row[column].length)));
  const [pathWidth, valueWidth] = [widest('path'), widest('value')];
  return rows.map(({ path, value, origin }) => `${path.padEnd(pathWidth)}  ${value.padEnd(valueWidth)}  ${origin}`);
}

function describeOrigin(path: string, { source, key, line, synonym }: Origin): string {
  if (source === 'default') return 'default';
  if (source !== 'file') return `${source} ${key}`;
  return `file, line ${line}${synonym === true && key !== path ? `, written ${key}` : ''}`;
}

function valueAt(config: object, path: string): unknown {
  let value: unknown = config;
  let rest = path;
  while (rest !== '' && typeof value === 'object' && value !== null) {
    if (rest in value) return (value as Record<string, unknown>)[rest];
    const at = rest.indexOf('.');
    value = (value as Record<string, unknown>)[rest.slice(0, at)];
    rest = at < 0 ? '' : rest.slice(at + 1);
  }
  return value;
}
