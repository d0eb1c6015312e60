import type { Fault } from './fault.js';

const campaign = 'e2e/chaos.test.ts';

/** Faults of the computation itself. */
export const trainingFaults = {
  nan: {
    does: 'An activation of one step becomes NaN.',
    way: 'reference',
    needs: [],
    outcome: 'recovers',
    seenAs: ['diverged'],
    expected:
      'Class `diverged`: rolled back to the last finite checkpoint, by the policy of `rollback`, which changes the training.',
    keepsState: false,
    tests: [campaign],
  },
  'poison-batch': {
    does: 'The trainer dies in every attempt once it comes to the same step.',
    way: 'outside',
    needs: ['heartbeat'],
    outcome: 'gives-up',
    seenAs: ['abort'],
    expected: 'After three times the checkpoint before is tried; after that the run is given up, naming the place.',
    tests: [campaign, 'e2e/hangs.test.ts'],
  },
} as const satisfies Readonly<Record<string, Fault>>;
