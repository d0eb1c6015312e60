import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { SuperviseError } from '../../../src/protocol/index.js';
import { loadCharset } from '../../../src/trainer/data/charset.js';
import { temporaryFolder } from '../support.js';

const load = (content: string) => {
  const path = join(temporaryFolder(), 'charlist.txt');
  writeFileSync(path, content);
  return loadCharset(path);
};

describe('charset', () => {
  test('the digits, with the blank as last class', () => {
    const charset = loadCharset();
    expect(charset).toMatchObject({ size: 10, blank: 10 });
    expect([...charset.encode('4071')]).toEqual([4, 0, 7, 1]);
    expect(charset.decode(Int32Array.of(4, 0, 7, 1))).toBe('4071');
    expect(charset.decode([charset.blank, 3, -1])).toBe('3');
  });

  test('one character a line: spaces, letters with accents, Windows line ends, a byte order mark', () => {
    const charset = load('\uFEFFa\r\n \r\né\r\ne\u0301\r\nß\r\n');
    expect(charset.characters).toEqual(['a', ' ', 'é', 'e\u0301', 'ß']);
    expect([...charset.encode('aß e\u0301?')]).toEqual([0, 4, 1, 3]);
    expect(load('a\n ').characters).toEqual(['a', ' ']);
  });

  test.each([
    ['ab\nc\n', '"ab" is not one character', 1],
    ['a\n\nb\n', '"" is not one character', 2],
    ['a\nb\na\n', '"a" stands here for the second time', 3],
  ])('%j is refused with its line', (content, what, line) => {
    expect(() => load(content)).toThrow(what);
    expect(() => load(content)).toThrow(`charlist.txt:${line}`);
  });

  test('an empty file and a missing one', () => {
    expect(() => load('')).toThrow('empty');
    const missing = () => loadCharset(join(temporaryFolder(), 'nowhere.txt'));
    expect(missing).toThrow(SuperviseError);
    expect(missing).toThrow('there is no such file');
  });
});
