import type { Fault } from './fault.js';

const campaign = 'e2e/chaos.test.ts';
const supervisor = 'e2e/supervisor.test.ts';

/** Faults of the trainer’s process, and of what it leaves behind. */
export const processFaults = {
  sigkill: {
    does: 'SIGKILL to the trainer and its process group.',
    way: 'outside',
    needs: [],
    outcome: 'recovers',
    seenAs: ['killed'],
    expected: 'Relaunched from the last checkpoint; the end is that of an unbroken run.',
    tests: [campaign, 'e2e/crash-injection.test.ts', 'e2e/random-kills.test.ts'],
  },
  sigsegv: {
    does: 'SIGSEGV to the trainer, as a fault of a native library.',
    way: 'outside',
    needs: [],
    outcome: 'recovers',
    seenAs: ['segfault'],
    expected: 'Class `segfault`; relaunched from the last checkpoint.',
    tests: [campaign, 'e2e/crash-injection.test.ts'],
  },
  sigabrt: {
    does: 'SIGABRT to the trainer, as a failed assertion of a native library.',
    way: 'outside',
    needs: [],
    outcome: 'recovers',
    seenAs: ['abort'],
    expected: 'Class `abort`; relaunched from the last checkpoint.',
    tests: [campaign, 'e2e/crash-injection.test.ts'],
  },
  hang: {
    does: 'SIGSTOP to the trainer: it lives, and does nothing more.',
    way: 'outside',
    needs: [],
    outcome: 'recovers',
    seenAs: ['hang'],
    expected:
      'Class `hang` once the learned threshold has passed; evidence is collected, then it is killed and relaunched.',
    tests: [campaign, 'e2e/hangs.test.ts'],
  },
  'busy-loop': {
    does: 'An endless loop in the main thread of the trainer: all of a core, and no progress.',
    way: 'preload',
    needs: [],
    outcome: 'recovers',
    seenAs: ['hang'],
    expected: 'Class `hang`: progress counts, not CPU time.',
    tests: [campaign, 'e2e/hangs.test.ts'],
  },
  'exit-0': {
    does: 'The trainer ends with exit code 0 before its last epoch.',
    way: 'preload',
    needs: [],
    outcome: 'recovers',
    seenAs: ['premature'],
    expected: 'Class `premature`, not success; relaunched.',
    tests: [campaign, supervisor],
  },
  'crash-loop': {
    does: 'The trainer is killed, and the next three launches end with exit code 1 at once.',
    way: 'preload',
    needs: [],
    outcome: 'recovers',
    seenAs: ['killed'],
    expected:
      'Growing, jittered backoff; the budget of restarts without progress holds three. A loop without end is given up.',
    tests: [campaign, supervisor],
  },
  'exit-75': {
    does: 'The trainer ends with exit code 75 ("relaunch me"), unasked.',
    way: 'preload',
    needs: [],
    outcome: 'recovers',
    seenAs: ['preempted'],
    expected: 'Class `preempted`; relaunched at once.',
    tests: [campaign, supervisor],
  },
  'ignores-sigterm': {
    does: 'The trainer no longer answers SIGTERM, and loops without progress.',
    way: 'preload',
    needs: [],
    outcome: 'recovers',
    seenAs: ['hang'],
    expected: 'SIGTERM, the grace, then SIGKILL; relaunched.',
    tests: [campaign, supervisor],
  },
  grandchild: {
    does: 'The trainer is killed; a process with its environment lives on in a session of its own.',
    way: 'outside',
    needs: [],
    outcome: 'recovers',
    seenAs: ['killed'],
    expected: 'It is found by its token and ended before the relaunch.',
    tests: [campaign, supervisor],
  },
  'gpu-holder': {
    does: 'The trainer is killed; a grandchild of it lives on, and `nvidia-smi` (a fake one on the PATH) says that it holds GPU memory.',
    way: 'outside',
    needs: ['supervisor'],
    outcome: 'recovers',
    seenAs: ['killed'],
    expected: 'It is ended, and the GPU is free, before the relaunch.',
    tests: [campaign],
  },
} as const satisfies Readonly<Record<string, Fault>>;
