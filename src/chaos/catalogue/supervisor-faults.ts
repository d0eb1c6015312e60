import type { Fault } from './fault.js';

const campaign = 'e2e/chaos.test.ts';
const supervisor = 'e2e/supervisor.test.ts';

/** The death of the supervisor. */
export const supervisorFaults = {
  'supervisor-sigkill': {
    does: 'SIGKILL to the supervisor; it is started again after a second.',
    way: 'outside',
    needs: ['supervisor'],
    outcome: 'adopted',
    expected: 'The trainer goes on, and the next supervisor adopts it. Nothing is lost.',
    tests: [campaign, supervisor, 'e2e/random-kills.test.ts'],
  },
  'both-sigkill': {
    does: 'SIGKILL to supervisor and trainer, as by a reboot; the supervisor is started again after a second.',
    way: 'outside',
    needs: ['supervisor'],
    outcome: 'recovers',
    expected: 'Goes on from the last checkpoint.',
    tests: [campaign, supervisor, 'e2e/random-kills.test.ts'],
  },
} as const satisfies Readonly<Record<string, Fault>>;
