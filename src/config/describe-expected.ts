import { schemaLeaves } from './schema-leaves.js';

/** What a key accepts, in words. */
export function describeExpected(path: string): string | undefined {
  const schema = schemaLeaves().get(path)?.schema;
  if (schema === undefined) return undefined;
  const choices = schema.enum ?? schema.anyOf?.map(({ const: constant }) => constant);
  if (choices !== undefined) return `one of ${choices.map((choice) => JSON.stringify(choice)).join(', ')}`;
  const type =
    schema.type === 'integer'
      ? 'a whole number'
      : schema.type === 'array'
        ? 'a list of strings'
        : schema.type === 'object'
          ? 'an object of strings'
          : `a ${schema.type}`;
  const limits = (['minimum', 'exclusiveMinimum', 'maximum', 'exclusiveMaximum'] as const).flatMap((limit) => {
    const bound = schema[limit];
    const words = { minimum: 'at least', exclusiveMinimum: 'above', maximum: 'at most', exclusiveMaximum: 'below' }[
      limit
    ];
    return typeof bound === 'number' && Math.abs(bound) < Number.MAX_SAFE_INTEGER ? [`${words} ${bound}`] : [];
  });
  return [type, ...limits].join(', ');
}
