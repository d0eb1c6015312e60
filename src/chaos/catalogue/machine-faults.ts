import type { Fault } from './fault.js';

const campaign = 'e2e/chaos.test.ts';

/** A machine that is slow, asleep, or wrong about the time. */
export const machineFaults = {
  'slow-disk': {
    does: 'Every write and flush below the checkpoint directory takes longer, for a while.',
    way: 'preload-node',
    needs: [],
    outcome: 'tolerated',
    expected: 'A long save is no hang: nothing is killed.',
    tests: [campaign, 'e2e/hangs.test.ts'],
  },
  'clock-jump': {
    does: 'The time of day, as supervisor and trainer see it, leaps by an hour, forth or back.',
    way: 'preload-node',
    needs: ['supervisor'],
    outcome: 'tolerated',
    expected: 'Durations are measured by the monotonic clock: nothing is killed.',
    tests: [campaign],
  },
  suspend: {
    does: 'Supervisor and trainer are stopped for some seconds together, as by a laptop that is closed.',
    way: 'outside',
    needs: ['supervisor'],
    outcome: 'tolerated',
    expected: 'Recognised as no hang: nothing is killed.',
    tests: [campaign, 'e2e/hangs.test.ts'],
  },
} as const satisfies Readonly<Record<string, Fault>>;
