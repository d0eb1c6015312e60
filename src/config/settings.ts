import { SuperviseError } from '../protocol/index.js';
import { isSection, matchKey } from './match-key.js';
import type { FileLeaf } from './parse-file.js';
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

/** One value with its meaning, before it is checked. */
export interface Setting {
  readonly path: string;
  readonly value: unknown;
  /** How far from the canonical spelling: 0 is canonical. */
  readonly rank: number;
  readonly origin: Origin;
}

const environmentPrefix = 'SUPERVISE_CONFIG_';

/** What the file says; unknown keys, disagreements and keys without effect end up in `warnings`. */
export function settingsOfFile(leaves: readonly FileLeaf[], warnings: Warning[]): Map<string, Setting> {
  const settings = new Map<string, Setting>();
  for (const { keys, value, line } of leaves) {
    const meaning = matchKey(keys);
    if (isEmptySection(keys, value)) continue;
    const key = keys.join('.');
    if (meaning.kind === 'unknown') warnings.push(unknownWarning(key, line, meaning.suggestion));
    if (meaning.kind === 'withoutEffect' && meaning.harmless?.includes(value) === false) {
      warnings.push({ line, message: `${key} = ${JSON.stringify(value)} is understood, but has no effect here` });
    }
    if (meaning.kind !== 'key') continue;
    const origin = { source: 'file', key, line, synonym: meaning.isSynonym } as const;
    const converted = convertFor(meaning.path, value);
    if (converted === undefined) continue;
    const setting = { path: meaning.path, value: converted, rank: meaning.rank, origin };
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

/** What the environment says. @throws USAGE for a key that does not exist */
export function settingsOfEnvironment(env: Readonly<Record<string, string | undefined>>): Map<string, Setting> {
  const pairs = Object.entries(env).flatMap(([name, value]) =>
    name.startsWith(environmentPrefix) && value !== undefined
      ? [[name.slice(environmentPrefix.length).replaceAll('__', '.'), value] as const]
      : [],
  );
  return settingsByName(
    pairs,
    'environment',
    (name) => `${environmentPrefix}${name.toUpperCase().replaceAll('.', '__')}`,
  );
}

/**
 * What the command line says: `--epochs` is a flag of its own, any other key stands behind `--set`.
 * @throws USAGE for a key that does not exist
 */
export function settingsOfFlags(flags: Readonly<Record<string, unknown>>): Map<string, Setting> {
  const pairs = Object.entries(flags).filter(([, value]) => value !== undefined);
  return settingsByName(pairs, 'flag', (name) => (name.startsWith('--') ? name : `--set ${name}`));
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
      const what = `there is no key ${name.replace(/^--/, '')}`;
      throw new SuperviseError('USAGE', { what, where: describeWritten(spell(name), value), hint: suggestion });
    }
    const converted = convertFor(meaning.path, value);
    if (converted === undefined) continue;
    settings.set(meaning.path, {
      path: meaning.path,
      value: converted,
      rank: 0,
      origin: { source, key: spell(name) },
    });
  }
  return settings;
}

/** As it was typed: the value follows the key of a `--set`. */
function describeWritten(spelling: string, value: unknown): string {
  if (!spelling.startsWith('--set ')) return spelling;
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return `${spelling}=${withoutSecrets(text).slice(0, 80)}`;
}

/** A URL may have a password in it, which is to be seen nowhere. */
export function withoutSecrets(text: string): string {
  return text.replaceAll(/\/\/[^/@"]*@/g, '//***@');
}

function isEmptySection(keys: readonly string[], value: unknown): boolean {
  const isEmptyObject = typeof value === 'object' && value !== null && Object.keys(value).length === 0;
  return isEmptyObject && !Array.isArray(value) && isSection(keys);
}

/** The value as the schema wants it, or undefined when it says that the key is not set. */
function convertFor(path: string, value: unknown): unknown {
  const leaf = schemaLeaves().get(path);
  if (leaf === undefined) return typeof value === 'number' ? String(value) : value;
  const isOptional = leaf.schema.default === undefined && !requiredKeys.has(path);
  const converted = convertValue(path, value, leaf.kind);
  return converted === null && isOptional ? undefined : converted;
}

const requiredKeys: ReadonlySet<string> = new Set(['epochs']);

function unknownWarning(key: string, line: number, suggestion: string | undefined): Warning {
  return {
    line,
    message: `unknown key ${key}${suggestion === undefined ? '' : `; did you mean ${suggestion}?`} (ignored)`,
  };
}
