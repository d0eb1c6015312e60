import { expect, test } from 'vitest';
import { streamOrder } from '../../../src/trainer/data/stream-order.js';
import { fc } from '../../fast-check.js';

const sizes = fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 6 });

test('hands out every line once, none before it can have been read', () => {
  fc.assert(
    fc.property(sizes, fc.integer({ min: 1, max: 50 }), fc.integer(), (fileSizes, buffer, seed) => {
      const { files, order } = streamOrder(fileSizes, buffer, { seed, epoch: 1, round: 0 });
      const total = fileSizes.reduce((sum, size) => sum + size, 0);
      expect([...order].sort((left, right) => left - right)).toEqual(Array.from({ length: total }, (_, line) => line));
      const starts = fileSizes.map((_, file) => fileSizes.slice(0, file).reduce((sum, size) => sum + size, 0));
      const read = files.flatMap((file) =>
        Array.from({ length: fileSizes[file] as number }, (_, line) => (starts[file] as number) + line),
      );
      for (const [place, line] of order.entries()) expect(read.indexOf(line)).toBeLessThan(place + buffer);
    }),
    { numRuns: 60 },
  );
});

test('depends on its arguments, and on nothing else', () => {
  const draw = (epoch: number, round = 0) => [...streamOrder([100, 50], 32, { seed: 7, epoch, round }).order];
  expect(draw(1)).toEqual(draw(1));
  expect(draw(2)).not.toEqual(draw(1));
  expect(draw(1, 1)).not.toEqual(draw(1));
});

test('a buffer of one line keeps the order of the files', () => {
  const { files, order } = streamOrder([2, 2], 1, { seed: 1, epoch: 1, round: 0 });
  expect([...order]).toEqual(files[0] === 0 ? [0, 1, 2, 3] : [2, 3, 0, 1]);
});

test('a buffer as large as the set is a shuffle of the whole', () => {
  const places = Array.from(
    { length: 400 },
    (_, seed) => streamOrder([10], 10, { seed, epoch: 1, round: 0 }).order[0] as number,
  );
  for (let line = 0; line < 10; line++) expect(places.filter((place) => place === line).length).toBeGreaterThan(20);
});
