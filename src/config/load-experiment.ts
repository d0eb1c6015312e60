import { basename, dirname, resolve } from 'node:path';
import { SuperviseError } from '../protocol/index.js';
import { matchKey } from './match-key.js';
import { type FileLeaf, parseExperimentFile, parseExperimentText } from './parse-file.js';
import { type Experiment, experimentSchema } from './schema.js';
import { schemaLeaves } from './schema-leaves.js';
import { convertValue } from './value-synonyms.js';

/** Where a value came from. */
export interface Origin {
  readonly source: 'file' | 'default' | 'flag' | 'environment';
  /** The key as written, for values from the file. */
  readonly key?: string;
  readonly line?: number;
  /** Whether the key was written in another spelling or place than the canonical one. */
  readonly synonym?: boolean;
}

/** Something that the user should know, but that stops nothing. */
export interface Warning {
  readonly message: string;
  readonly line?: number;
}

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
  /** Values by canonical dotted path or any synonym; they win over everything. */
  readonly flags?: Readonly<Record<string, unknown>>;
  /** Environment: `SUPERVISE_CONFIG_TRAINING__BATCH_SIZE=8` sets `training.batch_size`. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The file's text, when it has been read already. */
  readonly text?: string;
}

interface Setting {
  readonly path: string;
  readonly value: unknown;
  readonly rank: number;
  readonly origin: Origin;
}

const environmentPrefix = 'SUPERVISE_CONFIG_';

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
  const config = validate(settings, absolute);
  warnAboutConsequences(config, settings, warnings);
  return { config, origins: originsOf(config, settings), warnings, path: absolute, directory: dirname(absolute) };
}

function settingsOfFile(leaves: readonly FileLeaf[], warnings: Warning[]): Map<string, Setting> {
  const settings = new Map<string, Setting>();
  for (const { keys, value, line } of leaves) {
    const meaning = matchKey(keys);
    const key = keys.join('.');
    if (meaning.kind === 'unknown') warnings.push(unknownWarning(key, line, meaning.suggestion));
    if (meaning.kind === 'withoutEffect' && meaning.harmless?.includes(value) === false) {
      warnings.push({ line, message: `${key} = ${JSON.stringify(value)} is understood, but has no effect here` });
    }
    if (meaning.kind !== 'key') continue;
    const origin = { source: 'file', key, line, synonym: meaning.isSynonym } as const;
    const setting = { path: meaning.path, value: convertFor(meaning.path, value), rank: meaning.rank, origin };
    settings.set(meaning.path, preferred(settings.get(meaning.path), setting, warnings));
  }
  return settings;
}

/** Of two spellings of one key the more canonical one wins, then the later one; a disagreement is worth a warning. */
function preferred(known: Setting | undefined, fresh: Setting, warnings: Warning[]): Setting {
  if (known === undefined) return fresh;
  const winner = fresh.rank <= known.rank ? fresh : known;
  const loser = winner === fresh ? known : fresh;
  if (JSON.stringify(winner.value) !== JSON.stringify(loser.value)) {
    const told = ({ origin, value }: Setting) => `${origin.key} = ${JSON.stringify(value)} (line ${origin.line})`;
    warnings.push({
      message: `${told(winner)} is used, ${told(loser)} is not: both mean ${winner.path}`,
      ...(loser.origin.line !== undefined && { line: loser.origin.line }),
    });
  }
  return winner;
}

function settingsOfEnvironment(env: Readonly<Record<string, string | undefined>>): Map<string, Setting> {
  const pairs = Object.entries(env).flatMap(([name, value]) =>
    name.startsWith(environmentPrefix) && value !== undefined
      ? [[name.slice(environmentPrefix.length).toLowerCase().replaceAll('__', '.'), value] as const]
      : [],
  );
  return settingsByName(
    pairs,
    'environment',
    (name) => `${environmentPrefix}${name.toUpperCase().replaceAll('.', '__')}`,
  );
}

function settingsOfFlags(flags: Readonly<Record<string, unknown>>): Map<string, Setting> {
  const pairs = Object.entries(flags).filter(([, value]) => value !== undefined);
  return settingsByName(pairs, 'flag', (name) => `--${name}`);
}

function settingsByName(
  pairs: readonly (readonly [string, unknown])[],
  source: 'flag' | 'environment',
  spell: (name: string) => string,
): Map<string, Setting> {
  const settings = new Map<string, Setting>();
  for (const [name, value] of pairs) {
    const meaning = matchKey(name.split('.'));
    if (meaning.kind !== 'key') {
      const suggestion =
        meaning.kind === 'unknown' && meaning.suggestion !== undefined
          ? `did you mean ${meaning.suggestion}?`
          : 'docs/config.md lists every key';
      throw new SuperviseError('USAGE', { what: `there is no key ${name}`, where: spell(name), hint: suggestion });
    }
    settings.set(meaning.path, {
      path: meaning.path,
      value: convertFor(meaning.path, value),
      rank: 0,
      origin: { source, key: spell(name) },
    });
  }
  return settings;
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

function validate(settings: ReadonlyMap<string, Setting>, file: string): Experiment {
  const result = experimentSchema.safeParse(nest(settings));
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => describeIssue(issue, settings, file));
  throw new SuperviseError('CONFIG_INVALID', {
    what:
      problems.length === 1
        ? (problems[0] ?? '')
        : `${problems.length} values are wrong:\n${problems.map((problem) => `  ${problem}`).join('\n')}`,
    hint: 'docs/config.md lists every key with its type and default',
  });
}

interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

function describeIssue({ path, message }: Issue, settings: ReadonlyMap<string, Setting>, file: string): string {
  const name = path.map(String).join('.');
  const setting =
    settings.get(name) ?? [...settings.values()].find((candidate) => name.startsWith(`${candidate.path}.`));
  const expected = describeExpected(name) ?? message;
  if (setting === undefined) return `${file}: ${name} is missing; expected ${expected}`;
  const place = setting.origin.source === 'file' ? `${file}:${setting.origin.line}` : setting.origin.key;
  const written =
    setting.origin.source === 'file' && setting.origin.key !== name ? ` (written ${setting.origin.key})` : '';
  return `${place}: ${name}${written} is ${JSON.stringify(setting.value)?.slice(0, 80)}; expected ${expected}`;
}

/** What a key accepts, in words. */
export function describeExpected(path: string): string | undefined {
  const schema = schemaLeaves().get(path)?.schema;
  if (schema === undefined) return undefined;
  const choices = schema.enum ?? schema.anyOf?.map(({ const: constant }) => constant);
  if (choices !== undefined) return `one of ${choices.map((choice) => JSON.stringify(choice)).join(', ')}`;
  const type =
    schema.type === 'integer' ? 'a whole number' : schema.type === 'array' ? 'a list of strings' : `a ${schema.type}`;
  const limits = (['minimum', 'exclusiveMinimum', 'maximum', 'exclusiveMaximum'] as const).flatMap((limit) => {
    const bound = schema[limit];
    const words = { minimum: 'at least', exclusiveMinimum: 'above', maximum: 'at most', exclusiveMaximum: 'below' }[
      limit
    ];
    return typeof bound === 'number' && Math.abs(bound) < Number.MAX_SAFE_INTEGER ? [`${words} ${bound}`] : [];
  });
  return [type, ...limits].join(', ');
}

function convertFor(path: string, value: unknown): unknown {
  return convertValue(path, value, schemaLeaves().get(path)?.kind ?? 'other');
}

function nest(settings: ReadonlyMap<string, Setting>): Record<string, unknown> {
  const root: Record<string, unknown> = {};
  for (const { path, value } of settings.values()) {
    const keys = splitPath(path);
    let section = root;
    for (const key of keys.slice(0, -1)) {
      section[key] ??= {};
      section = section[key] as Record<string, unknown>;
    }
    const last = keys.at(-1);
    if (last !== undefined) section[last] = value;
  }
  return root;
}

/** `trainer.env.A.B` is the variable `A.B`: only the schema's own sections are split. */
function splitPath(path: string): string[] {
  const record = 'trainer.env.';
  return path.startsWith(record) ? ['trainer', 'env', path.slice(record.length)] : path.split('.');
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

function unknownWarning(key: string, line: number, suggestion: string | undefined): Warning {
  return {
    line,
    message: `unknown key ${key}${suggestion === undefined ? '' : `; did you mean ${suggestion}?`} (ignored)`,
  };
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
