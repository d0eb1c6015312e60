import { loadExperiment } from '../../src/config/index.js';
import { type SchemaLeaf, schemaLeaves } from '../../src/config/schema-leaves.js';
import { SuperviseError } from '../../src/protocol/index.js';

export interface LoadTextOptions {
  readonly flags?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
}

/** Loads a text as if it were the file /exp/night.json. */
export const loadText = (text: string, options: LoadTextOptions = {}) =>
  loadExperiment({ path: '/exp/night.json', text, ...options });

/** Loads an object; `epochs` is 3 unless the object says otherwise. */
export const load = (content: object, options: LoadTextOptions = {}) =>
  loadText(JSON.stringify({ epochs: 3, ...content }, null, 2), options);

/** The error that loading ends with; fails when it ends with none, or with one that is not for users. */
export function errorOf(run: () => unknown): SuperviseError {
  try {
    run();
  } catch (error) {
    if (error instanceof SuperviseError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

/** The value at a dotted path of the schema. */
export function valueAt(config: object, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>((value, key) => (value as Readonly<Record<string, unknown>> | undefined)?.[key], config);
}

export function leafAt(path: string): SchemaLeaf {
  const leaf = schemaLeaves().get(path);
  if (leaf === undefined) throw new Error(`${path} is not in the schema`);
  return leaf;
}

/** A valid value of a key that is not its default. */
export function sampleValue({ path, kind, schema }: SchemaLeaf): unknown {
  const choices = schema.enum ?? schema.anyOf?.map(({ const: constant }) => constant);
  if (schema.anyOf?.some(({ type }) => type === 'array') === true) return ['some/where', 'else/where-*'];
  if (choices !== undefined) return choices.find((choice) => choice !== schema.default) ?? choices[0];
  if (path === 'experiment_name') return 'sample-1';
  if (path === 'failure_rules') return [{ pattern: 'out of beans', class: 'gpu-memory', flags: 'i' }];
  if (path === 'trainer.checkpoint_pattern') return 'ckpt-{epoch}.pt';
  if (kind === 'boolean') return schema.default !== true;
  if (typeof schema['pattern'] === 'string' && path.endsWith('.every')) return '30s';
  if (path === 'checkpoints.remote.url') return 's3://bucket/some/where';
  if (kind === 'string') return schema['format'] === 'uri' ? 'https://example.org/ping' : 'some/where';
  if (schema.type === 'integer') return schema.default === 5 ? 6 : 5;
  if (kind === 'number' && typeof schema['minimum'] === 'number') return schema['minimum'] + 0.25;
  if (kind === 'number') return schema.default === 0.25 ? 0.75 : 0.25;
  return schema.type === 'array' ? ['one', 'two'] : { KEY: 'value' };
}
