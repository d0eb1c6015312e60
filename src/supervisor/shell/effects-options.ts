import type { LoadedExperiment, ResolvedRun } from '../../config/index.js';
import type { JournalRecord, RunStatus } from '../../protocol/index.js';
import type { RunHistory, RunStart } from '../run-history.js';
import type { Housekeeping } from './housekeeping.js';
import type { Logger } from './supervisor-log.js';

/** What the effects of a run need to know, and whom they tell. */
export interface EffectsOptions {
  readonly loaded: LoadedExperiment;
  readonly run: ResolvedRun;
  readonly referenceTrainer: readonly [string, ...string[]];
  /** Program and arguments of the process that works at a remote store. */
  readonly remoteProcess: readonly [string, ...string[]];
  readonly history: RunHistory;
  readonly token: string;
  readonly start: RunStart;
  readonly record: (content: JournalRecord) => unknown;
  readonly onStatus: (status: RunStatus) => void;
  readonly housekeeping: Housekeeping;
  readonly logger: Logger;
}
