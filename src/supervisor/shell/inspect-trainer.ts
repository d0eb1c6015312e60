import type { ResolvedRun } from '../../config/index.js';
import { attemptPaths, runPaths } from '../../protocol/index.js';
import type { Inspection } from '../event.js';
import type { Logger } from './supervisor-log.js';
import { canRead, readHeartbeat, readProgress } from './watch-trainer-files.js';

export interface InspectOptions {
  readonly run: ResolvedRun;
  readonly token: string;
  readonly attempt: number;
  readonly epochBase: 0 | 1;
  readonly isReferenceTrainer: boolean;
  readonly logger: Logger;
}

/** Collects the evidence of a hang, and looks at the silent trainer once more. */
export async function inspectTrainer(options: InspectOptions): Promise<Inspection> {
  const { run, token, attempt, epochBase, isReferenceTrainer, logger } = options;
  const paths = runPaths(run.runDir);
  const { root: folder, output } = attemptPaths(paths, attempt);
  // Loaded by runs that hang: to ask a Node process for its stack takes Node's HTTP.
  const { collectEvidence } = await import('./collect-evidence.js');
  await collectEvidence({ token, attempt, folder, output, answersReports: isReferenceTrainer }).catch(
    (error: unknown) => logger.error({ err: error }, 'evidence of a hang'),
  );
  const heartbeat = readHeartbeat(paths.heartbeat);
  return {
    heartbeat: heartbeat?.attempt === attempt ? heartbeat : undefined,
    progress: readProgress(run.checkpointDir, epochBase),
    isReadable: canRead([run.runDir, run.checkpointDir]),
  };
}
