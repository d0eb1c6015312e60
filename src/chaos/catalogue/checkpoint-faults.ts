import type { Fault } from './fault.js';

const campaign = 'e2e/chaos.test.ts';

/** What may become of a checkpoint, and of its writing. */
export const checkpointFaults = {
  'torn-checkpoint': {
    does: 'The biggest file of the newest checkpoint is cut at a random place, and the trainer killed.',
    way: 'outside',
    needs: [],
    outcome: 'recovers',
    expected: 'Found before the relaunch and put into quarantine; goes on from the one before.',
    tests: [campaign, 'e2e/damaged-checkpoint.test.ts'],
  },
  'flipped-checkpoint': {
    does: 'One random bit of the newest checkpoint is flipped, and the trainer killed.',
    way: 'outside',
    needs: [],
    outcome: 'recovers',
    expected:
      'As with a torn one, where the format has checksums; where the trainer refuses it, an earlier one is used after the third refusal.',
    tests: [campaign, 'e2e/damaged-checkpoint.test.ts'],
  },
  'crash-in-commit': {
    does: 'The trainer kills itself before a random file operation of a save.',
    way: 'preload-node',
    needs: [],
    outcome: 'recovers',
    expected: 'The last committed checkpoint is whole, and is used.',
    tests: [campaign, 'e2e/crash-injection.test.ts', 'e2e/kill-at-every-operation.test.ts'],
  },
} as const satisfies Readonly<Record<string, Fault>>;
