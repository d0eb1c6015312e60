import type { JournalRecord, RunStatus } from '../../protocol/index.js';
import type { RunHistory, RunStart } from '../run-history.js';
import type { LaunchSource } from './describe-launch.js';
import type { Housekeeping } from './housekeeping.js';
import type { KernelLog } from './kernel-log.js';
import type { Logger } from './supervisor-log.js';

/** What the effects of a run need to know, and whom they tell. */
export interface EffectsOptions extends LaunchSource {
  /** Program and arguments of the process that works at a remote store. */
  readonly remoteProcess: readonly [string, ...string[]];
  readonly history: RunHistory;
  readonly start: RunStart;
  readonly record: (content: JournalRecord) => unknown;
  readonly onStatus: (status: RunStatus) => void;
  readonly housekeeping: Housekeeping;
  readonly logger: Logger;
  /** Opened already, and passed over while there was time. */
  readonly kernelLog?: KernelLog | undefined;
}
