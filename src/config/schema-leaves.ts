import { z } from 'zod';
import { experimentSchema } from './schema.js';
import type { ExpectedKind } from './value-synonyms.js';

/** One key of the schema: a value that is not split further. */
export interface SchemaLeaf {
  readonly path: string;
  readonly kind: ExpectedKind;
  readonly description: string;
  /** JSON Schema of the value. */
  readonly schema: JsonSchema;
}

/** The part of JSON Schema that zod produces for us. */
export interface JsonSchema {
  readonly [key: string]: unknown;
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly JsonSchema[];
  readonly items?: JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
}

/** JSON Schema of an experiment file in our own layout (draft 2020-12). */
export function experimentJsonSchema(): JsonSchema {
  return z.toJSONSchema(experimentSchema, { io: 'input' }) as JsonSchema;
}

let cached: ReadonlyMap<string, SchemaLeaf> | undefined;

/** Every key of the schema by dotted path, in the schema's order. */
export function schemaLeaves(): ReadonlyMap<string, SchemaLeaf> {
  cached ??= new Map(collectLeaves(experimentJsonSchema(), []).map((leaf) => [leaf.path, leaf]));
  return cached;
}

function collectLeaves(schema: JsonSchema, path: readonly string[]): SchemaLeaf[] {
  if (schema.properties === undefined) {
    return [{ path: path.join('.'), kind: kindOf(schema), description: schema.description ?? '', schema }];
  }
  return Object.entries(schema.properties).flatMap(([key, child]) => collectLeaves(child, [...path, key]));
}

function kindOf({ type, enum: values, anyOf, const: constant }: JsonSchema): ExpectedKind {
  if (type === 'integer' || type === 'number') return 'number';
  if (type === 'string' || type === 'boolean') return type;
  const sample = constant ?? values?.[0] ?? anyOf?.[0]?.const;
  return typeof sample === 'string' || typeof sample === 'number' || typeof sample === 'boolean'
    ? (typeof sample as ExpectedKind)
    : 'other';
}
