import type { FailureClassName } from '../protocol/index.js';

/** How a fault comes to a trainer. */
export type FaultWay =
  /** From outside, by the kernel and the file system: works with any trainer. */
  | 'outside'
  /** By a module that the campaign preloads: works with trainers in Node and Python. */
  | 'preload'
  /** By what is preloaded into Node only: works with the reference trainer and others in Node. */
  | 'preload-node'
  /** It has to know the trainer's inside: works with the reference trainer. */
  | 'reference';

/** What a fault needs besides a trainer. */
export type FaultNeed = 'root' | 'heartbeat' | 'supervisor';

/** What is to come of it. */
export type FaultOutcome =
  /** The attempt ends, and another one goes on from the last good checkpoint. */
  | 'recovers'
  /** The run waits until the cause is gone, and then goes on. */
  | 'waits'
  /** Nothing ends, and nothing is restarted. */
  | 'tolerated'
  /** The same trainer goes on under the next supervisor. */
  | 'adopted'
  /** The run is given up, with the reason. */
  | 'gives-up';

/** A fault of the catalogue. */
export interface Fault {
  /** What is done, in one sentence. */
  readonly does: string;
  readonly way: FaultWay;
  readonly needs: readonly FaultNeed[];
  readonly outcome: FaultOutcome;
  /** Classes of failure that the supervisor may rightly call it; of one of another cause, none is demanded. */
  readonly seenAs?: readonly FailureClassName[];
  /** What is to be seen, in words. */
  readonly expected: string;
  /** Whether the end is that of an unbroken run; a remedy may change the training. True unless said otherwise. */
  readonly keepsState?: false;
  /** Where it is injected into real processes: files below `test/`. */
  readonly tests: readonly string[];
}

const campaign = 'e2e/chaos.test.ts';
const supervisor = 'e2e/supervisor.test.ts';
const remote = 'e2e/remote.test.ts';

/** Every fault by name, in the order of docs/faults.md, which is generated from it. */
export const faults = {
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
} as const satisfies Record<string, Fault>;

export type FaultName = keyof typeof faults;

/** The names of all faults, in the order of the catalogue. */
export const faultNames = Object.keys(faults) as FaultName[];

/** Tells a fault's name from other words. */
export function isFaultName(word: string): word is FaultName {
  return Object.hasOwn(faults, word);
}
