import { SuperviseError } from '../protocol/index.js';
import { lastOf, type OptionTable } from './option-table.js';

/** What the command line asks for. */
export interface SuperviseOptions {
  readonly experiment: string;
  readonly dryRun: boolean;
  readonly json: boolean;
  /** Start over, whatever the run directory holds. */
  readonly startOver: boolean;
  /** Settings by canonical path or synonym; they win over the file. */
  readonly flags: Readonly<Record<string, unknown>>;
}

/** The flags that set something in the experiment. */
export const settingOptions = {
  'run-dir': { type: 'string', describe: 'Run directory (default: runs/<experiment_name>)' },
  'checkpoint-dir': {
    type: 'string',
    describe: 'Checkpoint directory (default: checkpoints/ in the run directory)',
  },
  epochs: { type: 'string', describe: 'Epochs to complete' },
  seed: { type: 'string', describe: 'Seed of everything random' },
  backend: { type: 'string', describe: 'Backend of the reference trainer: auto, tensorflow, webgpu, wasm or cpu' },
  set: { type: 'strings', describe: 'Any key of docs/config.md, as key=value; may be repeated' },
} as const satisfies OptionTable;

/** The flags of the plain form and of `supervise start`. */
export const startOptions = {
  ...settingOptions,
  'no-restore': { type: 'boolean', describe: 'Start over; what is there is set aside, not destroyed' },
  'dry-run': {
    type: 'boolean',
    describe: 'Print the resolved configuration and the trainer command; start nothing',
  },
  json: { type: 'boolean', describe: 'With --dry-run: one JSON object {config, origins, command, warnings}' },
} as const satisfies OptionTable;

/**
 * What a parsed command line asks for.
 * @throws USAGE when it has no experiment file, or flags that do not go together
 */
export function toOptions(parsed: Readonly<Record<string, unknown>>, program: string): SuperviseOptions {
  const experiment = experimentOf(parsed, program);
  const json = lastOf(parsed['json']) === true;
  const dryRun = lastOf(parsed['dryRun']) === true;
  if (json && !dryRun)
    throw new SuperviseError('USAGE', {
      what: '--json goes with --dry-run',
      hint: `add --dry-run; the state of a run is in its status.json`,
    });
  return { experiment, dryRun, json, startOver: lastOf(parsed['noRestore']) === true, flags: settingsOf(parsed) };
}

/**
 * The experiment file of a parsed command line.
 * @throws USAGE when there is none, or more than that
 */
export function experimentOf(parsed: Readonly<Record<string, unknown>>, program: string): string {
  const positional = parsed['_'] as (string | number)[];
  const [experiment, ...rest] = positional.map(String);
  if (experiment === undefined)
    throw new SuperviseError('USAGE', {
      what: 'no experiment file is given',
      expected: `${program} <experiment.json>`,
      hint: `try ${program} configs/quickstart.json, or ${program} --help`,
    });
  if (rest.length > 0)
    throw new SuperviseError('USAGE', { what: `unexpected argument ${rest[0]}`, expected: 'one experiment file' });
  return experiment;
}

/**
 * The settings of a parsed command line, by canonical path or synonym; a flag of its own has its dashes.
 * @throws USAGE for a --set that is no setting
 */
export function settingsOf(parsed: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const named = {
    '--run-dir': lastOf(parsed['runDir']),
    '--checkpoint-dir': lastOf(parsed['checkpointDir']),
    '--epochs': lastOf(parsed['epochs']),
    '--seed': lastOf(parsed['seed']),
    '--backend': lastOf(parsed['backend']),
  };
  const given = Object.entries(named).filter(([, value]) => value !== undefined);
  return { ...Object.fromEntries(given), ...parseSettings((parsed['set'] as string[] | undefined) ?? []) };
}

/** `key=value` pairs; a value that reads as JSON is taken as such, anything else as text. */
function parseSettings(pairs: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=');
      if (at < 1)
        throw new SuperviseError('USAGE', {
          what: `"${pair}" is no setting`,
          where: '--set',
          expected: 'key=value, such as training.batch_size=2',
        });
      // With dashes in front it would be a flag of its own.
      return [pair.slice(0, at).replace(/^-+/, ''), parseValue(pair.slice(at + 1))];
    }),
  );
}

function parseValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
