import type { Fault } from './fault.js';

const campaign = 'e2e/chaos.test.ts';

/** Data and configuration that change while a run is under way. */
export const inputFaults = {
  'data-vanishes': {
    does: 'The files of training data are moved away, the trainer is killed, and the files come back after a while.',
    way: 'reference',
    needs: [],
    outcome: 'recovers',
    expected: 'Backs off while they are missing, and goes on when they are there again.',
    tests: [campaign],
  },
  'config-edited': {
    does: 'The experiment file is overwritten with nonsense while it runs, and the trainer killed.',
    way: 'outside',
    needs: ['supervisor'],
    outcome: 'recovers',
    expected: 'The run goes on with what it was started with.',
    tests: [campaign],
  },
} as const satisfies Readonly<Record<string, Fault>>;
