import type { Fault } from './fault.js';

const campaign = 'e2e/chaos.test.ts';
const supervisor = 'e2e/supervisor.test.ts';

/** What may become of epoch_info.json. */
export const epochInfoFaults = {
  'torn-epoch-info': {
    does: 'epoch_info.json is cut in the middle, and the trainer killed.',
    way: 'outside',
    needs: [],
    outcome: 'recovers',
    expected: 'Restored from checkpoint or journal; no completed epoch is lost.',
    tests: [campaign, supervisor, 'e2e/disk-trouble.test.ts'],
  },
  'empty-epoch-info': {
    does: 'epoch_info.json is emptied, and the trainer killed.',
    way: 'outside',
    needs: [],
    outcome: 'recovers',
    expected: 'As with a torn one.',
    tests: [campaign],
  },
  'garbage-epoch-info': {
    does: 'epoch_info.json is replaced by random bytes, and the trainer killed.',
    way: 'outside',
    needs: [],
    outcome: 'recovers',
    expected: 'As with a torn one.',
    tests: [campaign],
  },
  'foreign-epoch-info': {
    does: 'epoch_info.json is replaced by that of another run, with a checkpoint that is not here, and the trainer killed.',
    way: 'outside',
    needs: [],
    outcome: 'recovers',
    expected:
      'What it names is not there: the newest good checkpoint is used, and epoch_info.json is brought into agreement.',
    tests: [campaign],
  },
  'stale-epoch-info': {
    does: 'epoch_info.json is set back to an earlier epoch, and the trainer killed.',
    way: 'outside',
    needs: [],
    outcome: 'recovers',
    expected: 'Goes on from the earlier epoch at worst, to the same end.',
    tests: [campaign],
  },
} as const satisfies Readonly<Record<string, Fault>>;
