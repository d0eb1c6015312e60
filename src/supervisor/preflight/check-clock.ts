import { statSync } from 'node:fs';
import { epochInfoPath, runPaths } from '../../protocol/index.js';
import { type Check, type Finding, ok, warning } from './check.js';

/** The clock is not behind this program, nor behind what the run has written. */
export const checkClock: Check = {
  title: 'clock',
  look: ({ run, now }) => {
    const paths = runPaths(run.runDir);
    const written = [paths.status, paths.journal, paths.experiment, epochInfoPath(run.checkpointDir)].flatMap(
      (path) => {
        const time = modified(path);
        return time === undefined ? [] : [{ path, time }];
      },
    );
    return judgeClock({ now, built: modified(import.meta.filename), written });
  },
};

export interface ClockFacts {
  readonly now: Date;
  /** When this program was installed; unknown where package managers set all times to one. */
  readonly built: Date | undefined;
  readonly written: readonly { readonly path: string; readonly time: Date }[];
}

/** Network file systems have clocks of their own. */
const toleranceMs = 60_000;

/** Pure. */
export function judgeClock({ now, built, written }: ClockFacts): Finding[] {
  const isAhead = (time: Date) => time.getTime() > now.getTime() + toleranceMs;
  const fix =
    'set the clock (timedatectl); times in logs and the report would be wrong, progress is not judged by them';
  if (built !== undefined && isAhead(built))
    return [warning(`it is ${now.toISOString()}, before supervise was installed (${built.toISOString()})`, fix)];
  const future = written.find(({ time }) => isAhead(time));
  if (future === undefined) return [ok(now.toISOString())];
  return [warning(`${future.path} was written in the future (${future.time.toISOString()})`, fix)];
}

function modified(path: string): Date | undefined {
  try {
    return statSync(path).mtime;
  } catch {
    // Not there, or below something that is no folder: other checks tell.
    return undefined;
  }
}
