import { describeExpected } from './describe-expected.js';
import { experimentJsonSchema, type JsonSchema, schemaLeaves } from './schema-leaves.js';
import { synonyms } from './synonyms.js';

/** The content of `configs/experiment.schema.json`: for editors, which complete and check while one types. */
export function describeAsJsonSchema(): string {
  const { $schema, ...schema } = experimentJsonSchema();
  const properties = { $schema: { type: 'string' }, ...schema.properties };
  // Notes (`_key`) are allowed anywhere, and other dialects load too: the schema helps, the loader judges.
  const whole = { $schema, title: 'An experiment of supervise', ...withNotes({ ...schema, properties }) };
  return `${JSON.stringify(whole, null, 2)}\n`;
}

/** The content of `docs/config.md`: every key with its type, default, meaning and other spellings. */
export function describeAsMarkdown(): string {
  const sections = new Map<string, string[]>();
  for (const { path, description, schema } of schemaLeaves().values()) {
    const section = path.includes('.') ? path.slice(0, path.lastIndexOf('.')) : '';
    const others = (synonyms[path] ?? []).map((spelling) => `\`${spelling}\``).join(', ');
    const fallback = schema.default === undefined ? '' : `\`${JSON.stringify(schema.default)}\``;
    const row = [
      `\`${path.split('.').at(-1)}\``,
      escapeCell(describeExpected(path) ?? ''),
      fallback,
      escapeCell(description),
      others,
    ];
    sections.set(section, [...(sections.get(section) ?? []), `| ${row.join(' | ')} |`]);
  }
  return `${[introduction, ...[...sections].flatMap(([section, rows]) => describeSection(section, rows))].join('\n')}\n`;
}

const introduction = `# experiment.json

Generated from the schema (\`src/config/schema.ts\`) and the synonym table (\`src/config/synonyms.ts\`) by \`npm run docs:config\`.

JSON; comments and trailing commas are allowed. Only \`epochs\` is required. A key may stand in its section, at the top level, or in another grouping section, in any of its spellings, in snake_case, camelCase or kebab-case. Keys that start with \`_\` and notes (\`notes\`, \`hypothesis\`, \`expected_outcome\`, …) are ignored; an unknown key is a warning with a suggestion; a wrong type or range is an error with file and line. \`null\` leaves a key without a default unset.

Numbers and booleans may be written as text (\`"1e-4"\`, \`"yes"\`), times with their unit (\`"30s"\`, \`"5 min"\`, \`"1m30s"\`; without one they are milliseconds), and a command as one line where it needs no quoting (\`"python train.py"\`).

What counts: flags, then the environment (\`SUPERVISE_CONFIG_TRAINING__BATCH_SIZE=8\`), then the file, then the default. \`supervise experiment.json --dry-run\` shows each value and where it came from. Relative paths are relative to where \`supervise\` is started; \`trainer.cwd\` is relative to the file.
`;

function describeSection(section: string, rows: readonly string[]): string[] {
  return [
    `## ${section === '' ? 'Top level' : `\`${section}\``}`,
    '',
    ...(section === '' ? [] : [sectionDescription(section), '']),
    '| key | value | default | meaning | also written |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
    '',
  ];
}

function sectionDescription(section: string): string {
  let schema: JsonSchema | undefined = experimentJsonSchema();
  for (const key of section.split('.')) schema = schema?.properties?.[key];
  return schema?.description ?? '';
}

function withNotes(schema: Readonly<Record<string, unknown>>): Record<string, unknown> {
  if (typeof schema['properties'] !== 'object' || schema['properties'] === null) return { ...schema };
  const properties = Object.entries(schema['properties'] as Record<string, Record<string, unknown>>).map(
    ([key, child]) => [key, withNotes(child)],
  );
  const { additionalProperties: _, required: __, ...rest } = schema;
  return { ...rest, properties: Object.fromEntries(properties), patternProperties: { '^_': {} } };
}

function escapeCell(text: string): string {
  return text.replaceAll('|', '\\|');
}
