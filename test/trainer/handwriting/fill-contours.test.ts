import { describe, expect, test } from 'vitest';
import { createPlane } from '../../../src/trainer/data/plane.js';
import { fillContours } from '../../../src/trainer/handwriting/fill-contours.js';
import { fc } from '../../fast-check.js';

function filled(width: number, height: number, ...contours: number[][]) {
  const plane = createPlane(width, height);
  fillContours(plane, contours);
  return plane;
}

const area = (values: Float32Array) => values.reduce((sum, value) => sum + value, 0);

describe('filling contours', () => {
  test('covers each pixel by the exact share of its area', () => {
    const { values } = filled(4, 3, [0.5, 0.25, 3, 0.25, 3, 2, 0.5, 2]);
    expect([...values]).toEqual([0.375, 0.75, 0.75, 0, 0.5, 1, 1, 0, 0, 0, 0, 0]);
  });

  test('in either direction, and with a hole', () => {
    expect(area(filled(4, 4, [1, 1, 1, 3, 3, 3, 3, 1]).values)).toBeCloseTo(4, 6);
    const hole = [1, 1, 1, 3, 3, 3, 3, 1];
    expect(area(filled(4, 4, [0, 0, 4, 0, 4, 4, 0, 4], hole).values)).toBeCloseTo(12, 6);
  });

  test('a triangle anywhere has its own area', () => {
    const at = fc.double({ min: 0, max: 20, noNaN: true });
    fc.assert(
      fc.property(fc.tuple(at, at, at, at, at, at), (corners) => {
        const [x0, y0, x1, y1, x2, y2] = corners;
        const expected = Math.abs((x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)) / 2;
        expect(area(filled(20, 20, [...corners]).values)).toBeCloseTo(expected, 3);
      }),
    );
  });

  test('what lies beyond the plane is left out', () => {
    expect(area(filled(4, 4, [-10, -10, 2, -10, 2, 20, -10, 20]).values)).toBeCloseTo(8, 5);
    expect(area(filled(4, 4, [2, 2, 30, 2, 30, 30, 2, 30]).values)).toBeCloseTo(4, 5);
    expect(area(filled(4, 4, [10, 10, 12, 10, 12, 12]).values)).toBe(0);
  });

  test('letters that overlap are no darker there', () => {
    const plane = createPlane(4, 1);
    for (const left of [0, 1]) fillContours(plane, [[left, 0, left + 2, 0, left + 2, 1, left, 1]]);
    expect([...plane.values]).toEqual([1, 1, 1, 0]);
  });
});
