import type { Fault } from './fault.js';

const campaign = 'e2e/chaos.test.ts';
const remote = 'e2e/remote.test.ts';

/** A remote store that does not do what it should. */
export const remoteFaults = {
  'remote-down': {
    does: 'The remote store of the checkpoints (one on this machine, that the campaign brings) breaks every connection for a while.',
    way: 'outside',
    needs: ['supervisor'],
    outcome: 'tolerated',
    expected: 'The training does not notice; journal and status tell; what was saved meanwhile is uploaded afterwards.',
    tests: [campaign, remote],
  },
  'remote-slow': {
    does: 'The remote store answers every request seconds late, for a while.',
    way: 'outside',
    needs: ['supervisor'],
    outcome: 'tolerated',
    expected: 'The training does not notice; of the checkpoints that wait the newest is uploaded.',
    tests: [campaign],
  },
  'remote-throttled': {
    does: 'The remote store answers every request with 503 SlowDown, for a while.',
    way: 'outside',
    needs: ['supervisor'],
    outcome: 'tolerated',
    expected: 'The training does not notice; it is tried again with growing, jittered pauses, and catches up.',
    tests: [campaign],
  },
} as const satisfies Readonly<Record<string, Fault>>;
