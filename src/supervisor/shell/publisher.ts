import type { LoadedExperiment, ResolvedRun } from '../../config/index.js';
import { attemptPaths, monotonicMs, type RunStatus, runPaths } from '../../protocol/index.js';
import { describeStatus } from '../describe-status.js';
import type { State } from '../state.js';
import type { Housekeeping } from './housekeeping.js';
import { createStatusWriter } from './status-writer.js';
import type { Logger } from './supervisor-log.js';

export interface PublisherOptions {
  readonly loaded: LoadedExperiment;
  readonly run: ResolvedRun;
  readonly housekeeping: Housekeeping;
  readonly logger: Logger;
  readonly onStatus: (status: RunStatus) => void;
  /** How far the remote store is. */
  readonly remote: () => RunStatus['remote'];
}

/** Tells the state of the run: `status.json`, and whoever listens. */
export interface Publisher {
  /** The newest state is told a moment later, so that a relaunch comes first. */
  readonly publish: (state: State) => void;
  /** To be called when nothing is published any more. */
  readonly close: () => void;
}

/** `onState` hears of each state that is told. */
export function createPublisher(
  { loaded, run, housekeeping, logger, onStatus, remote }: PublisherOptions,
  onState: (state: State) => void,
): Publisher {
  const paths = runPaths(run.runDir);
  const startedAt = new Date().toISOString();
  const status = createStatusWriter(paths.status, (error) => logger.error({ err: error }, 'status.json'));
  let unpublished: State | undefined;
  const tell = () => {
    const state = unpublished;
    unpublished = undefined;
    if (state === undefined) return;
    onState(state);
    const { attempt } = state.run;
    const content = describeStatus(state, {
      experimentName: loaded.config.experiment_name,
      runDir: run.runDir,
      checkpointDir: run.checkpointDir,
      output: attempt === 0 ? undefined : attemptPaths(paths, attempt).output,
      supervisorPid: process.pid,
      startedAt,
      now: new Date(),
      at: monotonicMs(),
      remote: remote(),
    });
    status.write(content);
    onStatus(content);
  };
  return {
    publish: (state) => {
      if (unpublished === undefined) housekeeping.later(tell);
      unpublished = state;
    },
    close: status.close,
  };
}
