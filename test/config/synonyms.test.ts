import { describe, expect, test } from 'vitest';
import { matchKey, schemaLeaves, synonyms } from '../../src/config/index.js';
import { leafAt, loadText, sampleValue, valueAt } from './support.js';

const pairs = Object.entries(synonyms).flatMap(([path, spellings]) =>
  spellings.map((spelling) => [spelling, path] as const),
);

describe('the synonym table', () => {
  test.each(Object.keys(synonyms))('%s is a key of the schema', (path) => {
    expect(schemaLeaves().has(path)).toBe(true);
  });

  test('no spelling means two keys, is written twice, or hides a canonical path', () => {
    const spellings = pairs.map(([spelling]) => spelling);
    expect(spellings.filter((spelling, index) => spellings.indexOf(spelling) !== index)).toEqual([]);
    expect(pairs.filter(([spelling, path]) => schemaLeaves().has(spelling) && spelling !== path)).toEqual([]);
  });

  describe.each(pairs)('%s means %s', (spelling, path) => {
    const value = sampleValue(leafAt(path));
    test.each([
      ['as it is', spelling],
      ['in camelCase', camelCase(spelling)],
      ['in kebab-case', spelling.replaceAll('_', '-')],
      ['in capitals', spelling.toUpperCase()],
    ])('%s', (_, written) => {
      const { config, origins, warnings } = loadText(nested(written.split('.'), value, path));
      expect(valueAt(config, path)).toEqual(value);
      const line = 2 + written.split('.').length;
      const [member, key] = path === 'trainer.env' ? ['.KEY', `${written}.KEY`] : ['', written];
      expect(origins[`${path}${member}`]).toEqual({ source: 'file', key, line, synonym: true });
      expect(warnings.filter(({ message }) => /unknown|no effect/.test(message))).toEqual([]);
    });
  });
});

describe('canonical keys', () => {
  test.each([...schemaLeaves().values()].map((leaf) => [leaf.path, leaf] as const))('%s', (path, leaf) => {
    expect(matchKey(path.split('.'))).toMatchObject({ kind: 'key', path, rank: 0, isSynonym: false });
    if (leaf.schema.type === 'object') return;
    const value = sampleValue(leaf);
    const { config, origins } = loadText(nested(path.split('.'), value, path));
    expect(valueAt(config, path)).toEqual(value);
    expect(origins[path]).toMatchObject({ source: 'file', key: path, synonym: false });
  });
});

/** The value below its keys, one key a line from line 3 on; `epochs`, where it is not the subject, is on line 2. */
function nested(keys: readonly string[], value: unknown, path: string): string {
  const opened = keys.map((key, index) => `${JSON.stringify(key)}: ${index < keys.length - 1 ? '{' : ''}`);
  const rest = path === 'epochs' ? '' : '"epochs": 3,';
  return ['{', rest, `${opened.join('\n')}${JSON.stringify(value)}${'}'.repeat(keys.length)}`].join('\n');
}

function camelCase(text: string): string {
  return text.replace(/(?<=[a-z])_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
