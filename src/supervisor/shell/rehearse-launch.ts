import { findRunProcesses } from './find-run-processes.js';
import { randomToken } from './random-token.js';

/**
 * Looks at what other processes there are, while the experiment is being loaded elsewhere: the look before the first launch
 * then runs compiled code, and finds the kernel's answers ready. It changes nothing.
 */
export function rehearseLaunch(): void {
  findRunProcesses(randomToken());
}
