import { SuperviseError } from '../protocol/index.js';
import { describeExpected } from './describe-expected.js';
import { type Experiment, experimentSchema } from './schema.js';
import type { Setting } from './settings.js';

/**
 * Checks settings against the schema and fills in the defaults.
 * @throws CONFIG_INVALID listing every bad value with path, got, expected, file and line
 */
export function validateExperiment(settings: ReadonlyMap<string, Setting>, file: string): Experiment {
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
