import { attemptPaths, runPaths } from '../../protocol/index.js';
import type { EffectsOptions } from './effects-options.js';
import { limitLog } from './limit-log.js';
import type { Session } from './session.js';
import { type TrainerFilesWatch, watchTrainerFiles } from './watch-trainer-files.js';

/** What one attempt writes, told as events; the watch stays open from attempt to attempt. */
export interface AttemptFiles {
  /** From now on this attempt is the one that writes. */
  readonly watch: (attempt: number) => void;
  /** The attempt is over: what is still seen of its files tells nothing. */
  readonly leave: () => void;
  readonly watched: () => number | undefined;
  readonly close: () => void;
}

/** Watches heartbeat and epoch_info.json of the attempt at work, and bounds its log where the experiment says so. */
export function createAttemptFiles(
  { loaded, run, record }: EffectsOptions,
  dispatch: Session['dispatch'],
): AttemptFiles {
  const { trainer } = loaded.config;
  const paths = runPaths(run.runDir);
  let files: TrainerFilesWatch | undefined;
  let watched: number | undefined;

  const limitOutput = () => {
    if (watched === undefined) return;
    const bytes = limitLog(attemptPaths(paths, watched).output, trainer.log_limit_mb * 1e6);
    if (bytes !== undefined) record({ event: 'log_cut', attempt: watched, bytes });
  };

  const open = () =>
    watchTrainerFiles(
      { checkpointDir: run.checkpointDir, heartbeat: paths.heartbeat, epochBase: trainer.epoch_base },
      {
        onProgress: (progress) =>
          watched === undefined ? undefined : dispatch({ type: 'progress', attempt: watched, progress }),
        onHeartbeat: (heartbeat) => {
          const { attempt, phase } = heartbeat;
          // The heartbeat of an earlier attempt never counts.
          if (attempt === undefined || attempt !== watched) return;
          if (phase !== 'startup') dispatch({ type: 'ready', attempt });
          dispatch({ type: 'heartbeat', attempt, heartbeat });
        },
        onPoll: limitOutput,
      },
    );

  return {
    watch: (attempt) => {
      watched = attempt;
      files ??= open();
      files.renew();
    },
    leave: () => {
      watched = undefined;
    },
    watched: () => watched,
    close: () => files?.close(),
  };
}
