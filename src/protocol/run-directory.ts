import { join } from 'node:path';

/** Absolute paths inside one run directory; `docs/run-directory.md` says what each file holds. */
export interface RunPaths {
  readonly root: string;
  readonly experiment: string;
  readonly status: string;
  readonly journal: string;
  readonly metrics: string;
  readonly heartbeat: string;
  readonly supervisorLog: string;
  readonly supervisorOutput: string;
  readonly launch: string;
  readonly lock: string;
  readonly checkpoints: string;
  readonly samples: string;
  readonly attempts: string;
}

/** Lays out the run directory below `root` (absolute). Nothing is created. */
export function runPaths(root: string): RunPaths {
  return {
    root,
    experiment: join(root, 'experiment.json'),
    status: join(root, 'status.json'),
    journal: join(root, 'journal.jsonl'),
    metrics: join(root, 'metrics.jsonl'),
    heartbeat: join(root, 'heartbeat.json'),
    supervisorLog: join(root, 'supervisor.log'),
    supervisorOutput: join(root, 'supervisor.out'),
    launch: join(root, 'launch.json'),
    lock: join(root, 'lock'),
    checkpoints: join(root, 'checkpoints'),
    samples: join(root, 'samples'),
    attempts: join(root, 'attempts'),
  };
}

/** Paths of one attempt (one launch of the trainer), numbered from 1: `attempts/0001/…`. */
export function attemptPaths(paths: RunPaths, attempt: number) {
  const root = join(paths.attempts, String(attempt).padStart(4, '0'));
  return { root, output: join(root, 'output.log'), failure: join(root, 'failure.json') };
}

/** Where `epoch_info.json` lies: always inside the checkpoint directory. */
export function epochInfoPath(checkpointDir: string): string {
  return join(checkpointDir, 'epoch_info.json');
}
