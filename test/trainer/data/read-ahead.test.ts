import { setTimeout } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { readAhead } from '../../../src/trainer/data/read-ahead.js';

/** Counts from 0 to 4 and notes what it makes and whether it was ended. */
function numbers(notes: string[]) {
  return (async function* () {
    try {
      for (let number = 0; number < 5; number++) {
        notes.push(`made ${number}`);
        yield number;
      }
    } finally {
      notes.push('ended');
    }
  })();
}

test('hands on every item in order, and makes some more meanwhile', async () => {
  const notes: string[] = [];
  for await (const number of readAhead(numbers(notes), 2)) {
    await setTimeout(0);
    notes.push(`used ${number}`);
  }
  expect(notes.filter((note) => note.startsWith('used'))).toEqual([0, 1, 2, 3, 4].map((number) => `used ${number}`));
  expect(notes.slice(0, 4)).toEqual(['made 0', 'made 1', 'made 2', 'used 0']);
  expect(notes.at(-1)).toBe('used 4');
});

test('leaving early ends the source', async () => {
  const notes: string[] = [];
  for await (const _ of readAhead(numbers(notes), 1)) break;
  expect(notes.at(-1)).toBe('ended');
});

test('a failure comes when its item is due, and not as an unhandled rejection', async () => {
  const source = (async function* () {
    yield 'first';
    yield 'second';
    throw new Error('torn');
  })();
  const seen: string[] = [];
  const reading = (async () => {
    for await (const item of readAhead(source, 3)) {
      await setTimeout(5);
      seen.push(item);
    }
  })();
  await expect(reading).rejects.toThrow('torn');
  expect(seen).toEqual(['first', 'second']);
});
