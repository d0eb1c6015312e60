import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { describeAsJsonSchema, describeAsMarkdown } from '../../src/config/describe-config.js';
import { loadExperiment, schemaLeaves, synonyms } from '../../src/config/index.js';

const root = new URL('../../', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, root), 'utf8');

describe('generated files are up to date (npm run docs:config)', () => {
  test('configs/experiment.schema.json', () => {
    expect(read('configs/experiment.schema.json')).toBe(describeAsJsonSchema());
  });

  test('docs/config.md', () => {
    expect(read('docs/config.md')).toBe(describeAsMarkdown());
  });
});

describe('docs/config.md', () => {
  const page = describeAsMarkdown();

  test.each([...schemaLeaves().values()])('explains $path', ({ path, description }) => {
    const row = page.split('\n').find((line) => line.includes(description.replaceAll('|', '\\|'))) ?? '';
    expect(description).toMatch(/\.$/);
    expect(row).toContain(`| \`${path.split('.').at(-1)}\` |`);
    for (const spelling of synonyms[path] ?? []) expect(page).toContain(`\`${spelling}\``);
  });

  test('says of each section what it is about', () => {
    const sections = page.split('\n## ').slice(2);
    expect(sections.length).toBeGreaterThan(10);
    for (const section of sections) expect(section.split('\n')[2]).toMatch(/^[A-Z].*\.$/);
  });

  test('no two keys have the same meaning', () => {
    const meanings = [...schemaLeaves().values()].map(({ description }) => description);
    expect(meanings.filter((meaning, index) => meanings.indexOf(meaning) !== index)).toEqual([]);
  });
});

describe('configs/', () => {
  const files = readdirSync(new URL('configs/', root)).filter((name) => name !== 'experiment.schema.json');

  test.each(files)('%s loads without warnings, and names its schema', (name) => {
    const { warnings, origins } = loadExperiment({ path: new URL(`configs/${name}`, root).pathname });
    expect(warnings).toEqual([]);
    expect(Object.values(origins).filter(({ synonym }) => synonym)).toEqual([]);
    expect(read(`configs/${name}`)).toContain('"$schema": "./experiment.schema.json"');
  });
});
