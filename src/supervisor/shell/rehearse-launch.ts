import { findRunProcesses } from './find-run-processes.js';
import { type KernelLog, openKernelLog } from './kernel-log.js';
import { randomToken } from './random-token.js';

/** No longer than the experiment takes to be loaded. */
const kernelLogMs = 25;

/**
 * Does ahead what takes its time, while the experiment is being loaded elsewhere. It looks at what other processes there are: the
 * look before the first launch then runs compiled code, and finds the kernel's answers ready. It passes over the old lines of
 * the kernel's log, and returns the log.
 */
export function rehearseLaunch(): KernelLog {
  findRunProcesses(randomToken());
  const kernelLog = openKernelLog();
  kernelLog.skip(kernelLogMs);
  return kernelLog;
}
