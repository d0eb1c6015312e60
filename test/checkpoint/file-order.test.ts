import { expect, test } from 'vitest';
import { inOrderOfFiles } from '../../src/checkpoint/index.js';

test('names as their bytes follow each other, file by file; those without a place first', () => {
  const places = new Map([
    ['a', { shard: 1, offset: 0 }],
    ['b', { shard: 0, offset: 300 }],
    ['c', { shard: 1, offset: 40 }],
    ['d', { shard: 0, offset: 20 }],
  ]);
  expect(inOrderOfFiles(['a', 'b', 'c', 'd', 'e'], places)).toEqual(['e', 'd', 'b', 'a', 'c']);
});
