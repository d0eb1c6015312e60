import type { Fault } from './fault.js';

const campaign = 'e2e/chaos.test.ts';

/** Memory, files or disk that the machine refuses. */
export const resourcesFaults = {
  'out-of-memory': {
    does: 'A memory limit below what the trainer uses: by a cgroup where one can be made (the kernel kills it), else by an rlimit (its next allocation fails).',
    way: 'outside',
    needs: [],
    outcome: 'recovers',
    seenAs: ['killed', 'abort', 'host-memory'],
    expected: 'Relaunched from the last checkpoint; where the kernel or the log tells, the class is `host-memory`.',
    tests: [campaign],
  },
  'open-files': {
    does: 'The open-file limit of the trainer falls to what it has open: its next file cannot be opened.',
    way: 'outside',
    needs: [],
    outcome: 'recovers',
    seenAs: ['file-limit', 'abort', 'exception', 'crash', 'code'],
    expected: 'The trainer dies of it (class `file-limit` where its log tells); relaunched with the usual limit.',
    tests: [campaign],
  },
  'disk-full': {
    does: 'The disk of the checkpoints (a small tmpfs) fills up, and gets room again after a while.',
    way: 'outside',
    needs: ['root'],
    outcome: 'waits',
    expected: 'The last checkpoint stays whole; the run waits for room, and goes on.',
    tests: [campaign, 'e2e/disk-trouble.test.ts', 'e2e/remedies.test.ts'],
  },
  'read-only': {
    does: 'The checkpoint directory becomes read-only for a while.',
    way: 'outside',
    needs: [],
    outcome: 'waits',
    expected: 'No checkpoint is harmed; the run waits or backs off until it can be written, and goes on.',
    tests: [campaign],
  },
} as const satisfies Readonly<Record<string, Fault>>;
