import { describe, expect, it } from 'vitest';
import { givenBetween, type PidCounter } from '../../../src/supervisor/shell/pid-counter.js';
import { fc } from '../../fast-check.js';

const pidMax = 32_768;
const counter = (last: number, forks: number, tasks = 200): PidCounter => ({ last, forks, tasks });

describe('numbers that may have been given to another process', () => {
  it('are those between the two looks', () => {
    const given = givenBetween(counter(1000, 50), counter(1010, 60), pidMax);
    expect([999, 1000, 1001, 1010, 1011].map((pid) => given?.has(pid))).toEqual([false, false, true, true, false]);
  });

  it('are those at both ends when the counter began anew', () => {
    const given = givenBetween(counter(32_760, 50), counter(310, 70), pidMax);
    expect([300, 310, 311, 32_760, 32_761].map((pid) => given?.has(pid))).toEqual([true, true, false, false, true]);
  });

  it('are all, when so many were started that the counter may have come round', () => {
    expect(givenBetween(counter(1000, 0), counter(1010, 32_400), pidMax)).toBeUndefined();
    expect(givenBetween(counter(1000, 0), counter(9500, 8500), pidMax)).toBeUndefined();
  });

  it('are all, when the counter went further than the processes that were started explain', () => {
    expect(givenBetween(counter(1000, 50), counter(5000, 60), pidMax)).toBeUndefined();
    expect(givenBetween(counter(1000, 50), counter(999, 60), pidMax)).toBeUndefined();
    expect(givenBetween(counter(1000, 50), counter(1010, 40), pidMax)).toBeUndefined();
  });

  it('are all, where most numbers are in use or the largest is not known', () => {
    expect(givenBetween(counter(1000, 50, 4000), counter(1010, 60, 4000), pidMax)).toBeUndefined();
    expect(givenBetween(counter(1000, 50), counter(1010, 60), 0)).toBeUndefined();
  });

  it('include every number that a kernel gives, whatever is in use', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 999 }),
        fc.uniqueArray(fc.integer({ min: 1, max: 999 }), { maxLength: 40 }),
        fc.nat({ max: 1200 }),
        (start, inUse, forks) => {
          const given = giveOut(start, new Set(inUse), forks);
          const between = givenBetween(counter(start, 0, 40), counter(given.at(-1) ?? start, forks, 40), 1000);
          if (between === undefined) return;
          expect(given.filter((pid) => !between.has(pid))).toEqual([]);
          const list = between.list();
          expect(list.filter((pid) => !between.has(pid))).toEqual([]);
          expect(new Set(list).size).toBe(between.size);
          expect(given.filter((pid) => !list.includes(pid))).toEqual([]);
        },
      ),
    );
  });
});

/** As the kernel does: the next free number, from 300 on again after the last. The processes end at once. */
function giveOut(start: number, inUse: ReadonlySet<number>, forks: number): number[] {
  const given: number[] = [];
  let next = start;
  while (given.length < forks) {
    next = next + 1 < 1000 ? next + 1 : 300;
    if (!inUse.has(next)) given.push(next);
  }
  return given;
}
