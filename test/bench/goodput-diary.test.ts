import { expect, test } from 'vitest';
import { account } from '../../bench/goodput/diary.mjs';

/** Steps of 100 ms, one after the other from `from`. */
const steps = (pid: number, from: number, epoch: number, first: number, count: number, gap = 0) =>
  Array.from({ length: count }, (_, index) => ({
    epoch,
    step: first + index,
    at_ms: from + (index + 1) * 100 + index * gap,
    step_ms: 100,
    pid,
  }));

test('an unbroken run is useful throughout', () => {
  const { goodput, ettr, faults, relaunches } = account(steps(1, 0, 1, 1, 50), [], 5000);
  expect({ goodput, ettr, faults, relaunches }).toEqual({ goodput: 1, ettr: 1, faults: 0, relaunches: 0 });
});

test('what a later attempt does again is lost, from the kill to its first step nothing is done', () => {
  // Twenty steps, the kill in the middle of the next; back after 450 ms, eight steps further back.
  const diary = [...steps(1, 0, 1, 1, 20), ...steps(2, 2500, 1, 13, 25)];
  const found = account(diary, [{ at_ms: 2050 }], 5000);
  expect(found).toMatchObject({ relaunches: 1, faults: 1, ended: 0, mttr_ms: [450] });
  expect(found.useful_ms).toBe(1200 + 2500);
  expect(found.lost_ms).toBe(800 + 50);
  expect(found.down_ms).toBe(450);
  expect(found.goodput).toBeCloseTo(0.74, 6);
  expect(found.ettr).toBeCloseTo(1 - 1300 / 5000, 6);
});

test('a first step that warms up is down time as far as it is longer than usual', () => {
  const [first, ...rest] = steps(2, 2500, 1, 21, 25);
  const late = rest.map((entry) => ({ ...entry, at_ms: entry.at_ms + 300 }));
  const again = first && { ...first, at_ms: first.at_ms + 300, step_ms: 400 };
  const found = account([...steps(1, 0, 1, 1, 20), again, ...late], [{ at_ms: 2000 }], 5300);
  expect(found).toMatchObject({ mttr_ms: [800], down_ms: 800, lost_ms: 0, useful_ms: 2000 + 2500 });
});

test('what is done again only after the window is lost in it', () => {
  const diary = [...steps(1, 0, 1, 1, 40), ...steps(2, 6000, 1, 11, 5)];
  const found = account(diary, [{ at_ms: 4000 }], 5000);
  expect(found).toMatchObject({ useful_ms: 1000, lost_ms: 3000, down_ms: 1000 });
});

test('a save inside an epoch is no useful time, validation between epochs is', () => {
  const [first, ...rest] = steps(1, 0, 1, 1, 10);
  const saved = rest.map((entry) => ({ ...entry, at_ms: entry.at_ms + 40 }));
  const next = steps(1, 1340, 2, 1, 10);
  const found = account([first, ...saved, ...next], [], 2340);
  expect(found.useful_ms).toBe(2000 + 300);
});

test('a fault that nobody recovers from is told', () => {
  const found = account(steps(1, 0, 1, 1, 10), [{ at_ms: 1000 }], 60_000);
  expect(found).toMatchObject({ ended: 1, mttr_ms: [], down_ms: 59_000 });
});
