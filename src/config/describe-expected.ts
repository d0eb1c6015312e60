import { type JsonSchema, schemaLeaves } from './schema-leaves.js';

/** What a key accepts, in words. */
export function describeExpected(path: string): string | undefined {
  const leaf = schemaLeaves().get(path);
  return leaf === undefined ? describeMember(path) : describeSchema(leaf.schema);
}

function describeSchema(schema: JsonSchema): string {
  const kinds = schema.anyOf?.every(({ const: constant }) => constant === undefined) === true ? schema.anyOf : [];
  if (kinds.length > 0) return kinds.map(describeSchema).join(', or ');
  const choices = schema.enum ?? schema.anyOf?.map(({ const: constant }) => constant);
  if (choices !== undefined) return `one of ${choices.map((choice) => JSON.stringify(choice)).join(', ')}`;
  const type =
    schema.type === 'integer'
      ? 'a whole number'
      : schema.type === 'array'
        ? `a list of ${schema.items?.type === 'object' ? 'objects' : schema.items?.type === 'integer' ? 'whole numbers' : 'strings'}`
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
  if (parent.schema.type === 'object') return 'a string';
  const key = path.slice(parent.path.length + 1).split('.')[1];
  const member = key === undefined ? parent.schema.items : parent.schema.items?.properties?.[key];
  return member?.type === undefined || parent.schema.items?.type !== 'object'
    ? describeExpected(parent.path)
    : describeObjectMember(member);
}

function describeObjectMember(member: JsonSchema): string {
  if (member.properties === undefined) return describeSchema(member);
  const keys = Object.keys(member.properties).map((key) => `"${key}"`);
  return `an object with ${keys.join(', ')}`;
}
