import type { FailureClassName } from '../protocol/failure-class-names.js';

export type { FailureClassName };

/** How a class of failure is answered. */
export type Remedy =
  /** Relaunch after a backoff. */
  | 'backoff'
  /** Relaunch at once, without counting it, as long as work advances. */
  | 'relaunch'
  /** Give up at once. */
  | 'stop'
  /** Give up at once as long as no attempt ever completed a step; afterwards back off. */
  | 'stop-if-never-worked';

interface FailureClass {
  readonly remedy: Remedy;
  /** What it means, in a few words. */
  readonly title: string;
  /** What the user can do about it. */
  readonly advice: string;
}

/** Every class of failure, with its remedy; docs/supervisor.md explains them. */
export const failureClasses = {
  preempted: {
    remedy: 'relaunch',
    title: 'preempted: saved and asked to be relaunched, or stopped by the scheduler',
    advice: 'nothing: it continues from what it saved',
  },
  usage: { remedy: 'stop', title: 'wrong flags', advice: 'correct trainer.command and start again' },
  config: { remedy: 'stop', title: 'wrong configuration', advice: 'correct the experiment file and start again' },
  command: {
    remedy: 'stop-if-never-worked',
    title: 'a command that cannot be run',
    advice: 'check trainer.command, trainer.cwd and the PATH',
  },
  premature: {
    remedy: 'backoff',
    title: 'exit 0 with epochs missing',
    advice:
      'let the trainer run all epochs, or write "status": "early_stopped" into epoch_info.json when it is done early',
  },
  hang: {
    remedy: 'backoff',
    title: 'no sign of work',
    advice: 'see the stacks in the attempt folder for where it was waiting',
  },
  'gpu-memory': {
    remedy: 'backoff',
    title: 'out of GPU memory',
    advice: 'lower batch_size, or free the GPU of other processes (nvidia-smi)',
  },
  'host-memory': {
    remedy: 'backoff',
    title: 'out of host memory',
    advice: 'lower batch_size or the number of data-loader workers, or raise the memory limit',
  },
  'gpu-fault': {
    remedy: 'backoff',
    title: 'GPU error during computation',
    advice: 'if it repeats, look for Xid messages in dmesg and test the GPU',
  },
  'gpu-lost': {
    remedy: 'backoff',
    title: 'the GPU or its driver is gone',
    advice: 'check nvidia-smi; a driver that was just updated needs a reboot',
  },
  'gpu-busy': {
    remedy: 'backoff',
    title: 'the GPU is in use',
    advice: 'wait for the other process, or choose another GPU with gpu_id',
  },
  communication: {
    remedy: 'backoff',
    title: 'communication between processes failed',
    advice: 'check the network and the other ranks',
  },
  network: { remedy: 'backoff', title: 'a network resource failed', advice: 'check the network and the server' },
  'disk-full': {
    remedy: 'backoff',
    title: 'no space left on the disk',
    advice: 'free space, or lower max_checkpoints',
  },
  'file-limit': {
    remedy: 'backoff',
    title: 'too many open files',
    advice: 'raise the limit (ulimit -n) or lower the number of data-loader workers',
  },
  permission: {
    remedy: 'stop-if-never-worked',
    title: 'permission denied',
    advice: 'correct owner and mode of the file that is named',
  },
  'missing-file': {
    remedy: 'stop-if-never-worked',
    title: 'a file is missing',
    advice: 'correct the path in the configuration',
  },
  'data-corrupt': { remedy: 'backoff', title: 'damaged training data', advice: 'replace the file that is named' },
  'checkpoint-corrupt': {
    remedy: 'backoff',
    title: 'a checkpoint that cannot be read',
    advice: 'the trainer could not restore it; see docs/checkpoints.md',
  },
  'disk-fault': { remedy: 'backoff', title: 'the disk or file system failed', advice: 'check dmesg and the disk' },
  code: {
    remedy: 'stop-if-never-worked',
    title: 'an error in the code or its configuration',
    advice: 'correct what the message names',
  },
  diverged: {
    remedy: 'backoff',
    title: 'the training diverged (NaN or infinity)',
    advice: 'lower the learning rate or clip gradients',
  },
  exception: { remedy: 'backoff', title: 'an uncaught exception', advice: 'see the end of output.log' },
  segfault: {
    remedy: 'backoff',
    title: 'a crash in native code',
    advice: 'if it repeats, suspect a library, driver or memory',
  },
  abort: { remedy: 'backoff', title: 'aborted by an assertion in native code', advice: 'see the end of output.log' },
  killed: {
    remedy: 'backoff',
    title: 'killed from outside',
    advice: 'if nobody did it by hand, suspect the out-of-memory killer (dmesg)',
  },
  terminated: { remedy: 'backoff', title: 'asked to end from outside', advice: 'look for who sends SIGTERM' },
  vanished: {
    remedy: 'backoff',
    title: 'ended unseen',
    advice: 'it ended while no supervisor was its parent, so its exit code is unknown',
  },
  crash: { remedy: 'backoff', title: 'exited with an error', advice: 'see the end of output.log' },
} as const satisfies Record<FailureClassName, FailureClass>;
