import type { Fault } from './fault.js';

const campaign = 'e2e/chaos.test.ts';
const supervisor = 'e2e/supervisor.test.ts';

/** What a trainer may write into its log. */
export const logFaults = {
  'log-flood': {
    does: "1 GB of lines goes into the trainer's log.",
    way: 'outside',
    needs: [],
    outcome: 'tolerated',
    expected: 'Nothing passes through the supervisor: its memory stays flat, and nothing is killed.',
    tests: [campaign],
  },
  'log-noise': {
    does: "Binary and ANSI noise goes into the trainer's log, and the trainer is killed.",
    way: 'outside',
    needs: [],
    outcome: 'recovers',
    seenAs: ['killed'],
    expected: 'The tail is read, cleaned and classified; relaunched.',
    tests: [campaign, supervisor],
  },
} as const satisfies Readonly<Record<string, Fault>>;
