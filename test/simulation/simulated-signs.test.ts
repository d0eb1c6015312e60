import { expect, it } from 'vitest';
import { heartbeatOf, progressOf } from '../../src/simulation/simulated-signs.js';
import { noProgress } from '../../src/supervisor/progress.js';

const workload = { epochs: 5, epochSecs: 100 };
const costs = { heartbeatSecs: 10 } as Parameters<typeof heartbeatOf>[2];

it.each([
  [0, noProgress],
  [60, { epochs: 0, partialStep: 60 }],
  [200, { epochs: 2, partialStep: 0 }],
  [299.9999999999, { epochs: 3, partialStep: 0 }],
])('a checkpoint of %d s of training holds whole epochs, and the rest in steps', (secs, progress) => {
  expect(progressOf(secs, workload)).toEqual(progress);
});

it('every heartbeat tells more work than the one before', () => {
  const place = { attempt: 2, pid: 2, phase: 'train', steps_per_epoch: 10_000 };
  const beat = (work: number) => heartbeatOf({ attempt: 2, work, hasStarted: true }, workload, costs);
  expect(beat(230)).toEqual({ ...place, epoch: 3, step: 3000 });
  expect(beat(240)).toEqual({ ...place, epoch: 3, step: 4000 });
  expect(heartbeatOf({ attempt: 1, work: 0, hasStarted: false }, workload, costs).phase).toBe('startup');
});
