import { SuperviseError } from '../protocol/index.js';
import { describeExpected } from './describe-expected.js';
import { type Experiment, experimentSchema } from './schema.js';
import { type Setting, type Warning, withoutSecrets } from './settings.js';

/**
 * Checks settings against the schema and fills in the defaults.
 * @throws CONFIG_INVALID listing every bad value with path, got, expected, file and line
 */
export function validateExperiment(
  settings: ReadonlyMap<string, Setting>,
  file: string,
  warnings: readonly Warning[] = [],
): Experiment {
  const result = experimentSchema.safeParse(nest(settings));
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => describeIssue(issue, settings, file));
  // All that is wrong with a file is told at once; and what is missing may be there under a name that we do not know.
  problems.push(...warnings.map(({ line, message }) => `${line === undefined ? file : `${file}:${line}`}: ${message}`));
  throw new SuperviseError('CONFIG_INVALID', {
    what: describeAll(problems, result.error.issues.length),
    hint: 'docs/config.md lists every key with its type and default',
  });
}

function describeAll(problems: readonly string[], wrong: number): string {
  const [first = '', ...rest] = problems;
  if (wrong === 1) return [first, ...rest.map((problem) => `  ${problem}`)].join('\n');
  return [`${wrong} values are wrong:`, ...problems.map((problem) => `  ${problem}`)].join('\n');
}

interface Issue {
  readonly code?: string | undefined;
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

function describeIssue({ code, path, message }: Issue, settings: ReadonlyMap<string, Setting>, file: string): string {
  const name = path.map(String).join('.');
  const setting =
    settings.get(name) ?? [...settings.values()].find((candidate) => name.startsWith(`${candidate.path}.`));
  const known = describeExpected(name);
  // A pattern says more in the schema's own words.
  const isOwnWords = code === 'custom' || (code === 'invalid_format' && known !== 'a URL');
  const expected = known === undefined || isOwnWords ? message : known;
  if (setting === undefined) return `${file}: ${name} is missing; expected ${expected}`;
  const place = setting.origin.source === 'file' ? `${file}:${setting.origin.line}` : setting.origin.key;
  const written =
    setting.origin.source === 'file' && setting.origin.key !== name && setting.origin.key !== setting.path
      ? ` (written ${setting.origin.key})`
      : '';
  const value = name.startsWith(`${setting.path}.`) ? valueInside(setting, path) : setting.value;
  const shown = withoutSecrets(JSON.stringify(value) ?? 'undefined').slice(0, 80);
  return `${place}: ${name}${written} is ${shown}; expected ${expected}`;
}

/** The part of a list or object that is wrong; the whole where that part is not there. */
function valueInside({ path: whole, value }: Setting, path: readonly PropertyKey[]): unknown {
  const inside = path.slice(whole.split('.').length);
  const part = inside.reduce<unknown>(
    (outer, key) => (outer as Record<PropertyKey, unknown> | undefined)?.[key],
    value,
  );
  return part === undefined || whole.startsWith('trainer.') ? value : part;
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
