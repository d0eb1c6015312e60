import { schemaLeaves } from './schema-leaves.js';

/** What a key accepts, in words. */
export function describeExpected(path: string): string | undefined {
  const leaf = schemaLeaves().get(path);
  if (leaf === undefined) return describeMember(path);
  const { schema } = leaf;
  const choices = schema.enum ?? schema.anyOf?.map(({ const: constant }) => constant);
  if (choices !== undefined) return `one of ${choices.map((choice) => JSON.stringify(choice)).join(', ')}`;
  const type =
    schema.type === 'integer'
      ? 'a whole number'
      : schema.type === 'array'
        ? 'a list of strings'
        : schema.type === 'object'
          ? 'an object of strings'
          : schema['format'] === 'uri'
            ? 'a URL'
            : schema['minLength'] === 1
              ? 'a string that is not empty'
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

/** What the members of a list or of an object of strings accept. */
function describeMember(path: string): string | undefined {
  const parent = [...schemaLeaves().values()].find(
    ({ path: known, kind }) => kind === 'other' && path.startsWith(`${known}.`),
  );
  if (parent === undefined) return undefined;
  return parent.schema.type === 'object' ? 'a string' : describeExpected(parent.path);
}
