import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CampaignResult, FaultRecord } from '../../chaos/index.js';
import {
  type FaultName,
  followJournal,
  installFakeGpu,
  type LoopbackStore,
  mountSmallDisk,
  openLoopbackStore,
  preparePreload,
  runCampaign,
  type ScheduledFault,
  type StrikeOptions,
} from '../../chaos/index.js';
import type { LoadedExperiment, ResolvedRun } from '../../config/index.js';
import { type JournalEntry, parseStatus, runPaths } from '../../protocol/index.js';
import { clearGeneration } from '../../supervisor/shell/clear-generation.js';
import { findRunProcesses } from '../../supervisor/shell/find-run-processes.js';
import { readProgress } from '../../supervisor/shell/watch-trainer-files.js';
import { packageFile } from '../launch-record.js';
import { layScratchRun, type ScratchRun } from '../scratch/scratch-run.js';
import { describeTarget } from './describe-target.js';
import { keepSupervised } from './keep-supervised.js';
import { readText } from './read-text.js';

export interface SupervisedRunOptions {
  readonly name: string;
  readonly root: string;
  readonly loaded: LoadedExperiment;
  readonly run: ResolvedRun;
  readonly epochs: number;
  /** What may come: it is prepared for. */
  readonly faults: readonly FaultName[];
  readonly patienceMs: number;
  /** Bytes of the checkpoints of an unbroken run, which a small disk has to hold. */
  readonly checkpointBytes: number;
  /** Aborted by Ctrl-C: the trainer saves, and the run ends. */
  readonly signal: AbortSignal;
}

export interface ChaosRunOptions extends SupervisedRunOptions {
  readonly schedule: Iterable<ScheduledFault<FaultName>>;
  readonly onFault: (record: FaultRecord) => void;
}

/** A scratch run that is under way, prepared for faults. */
export interface RunUnderWay extends StrikeOptions {
  readonly scratch: ScratchRun;
  /** The exit code of its supervisor. */
  readonly ended: Promise<number | null>;
  readonly stop: () => Promise<void>;
  readonly output: () => string;
}

/** How a run under faults ended. */
export interface ChaosRunResult extends CampaignResult {
  readonly scratch: ScratchRun;
  readonly journal: readonly JournalEntry[];
  readonly exitCode: number | null;
  readonly output: string;
  /** Time of day (ms) at which it began. */
  readonly startedAtMs: number;
  readonly wallMs: number;
  readonly orphans: readonly string[];
  /** Ctrl-C ended it. */
  readonly isInterrupted: boolean;
}

/** Trains a scratch copy of the experiment to its end, under a schedule of faults, and judges what it left. */
export function runUnderFaults<Verdict>(
  options: ChaosRunOptions,
  judge: (result: ChaosRunResult) => Verdict,
): Promise<Verdict> {
  const { schedule, onFault, signal } = options;
  const [startedAtMs, startMs] = [Date.now(), performance.now()];
  return superviseForFaults(options, async (underWay) => {
    const campaign = runCampaign({ ...underWay, schedule, onFault });
    const exitCode = await Promise.race([underWay.ended, campaign.then(() => underWay.ended)]);
    const result = await campaign;
    const wallMs = performance.now() - startMs;
    const journal = underWay.journal();
    const orphans = await removeOrphans(journal);
    return judge({
      ...{ ...result, scratch: underWay.scratch, journal, exitCode, output: underWay.output() },
      ...{ startedAtMs, wallMs, orphans, isInterrupted: signal.aborted },
    });
  });
}

/** Supervises a scratch copy of the experiment while `work` is done to it. Nothing of it is left running. */
export async function superviseForFaults<Result>(
  options: SupervisedRunOptions,
  work: (underWay: RunUnderWay) => Promise<Result>,
): Promise<Result> {
  const { name, root, loaded, faults, patienceMs, signal } = options;
  const folder = join(root, `${name}-faults`);
  const preload = packageFile('dist/chaos/preload/node-preload.js');
  const { env: ownEnv, epoch_base: epochBase } = loaded.config.trainer;
  const trainerEnv = preparePreload(folder, preload, { ...process.env, ...ownEnv });
  const store = faults.some((fault) => fault.startsWith('remote-'))
    ? await openLoopbackStore(join(folder, 'store'))
    : undefined;
  const remote = store === undefined ? undefined : describeRemote(store);
  const scratch = layScratchRun({ ...options, kills: mostRestarts, hasOwnDelays: true, env: trainerEnv, remote });
  const unmount = faults.includes('disk-full')
    ? mountSmallDisk(scratch.checkpointDir, 2 * options.checkpointBytes + spareBytes)
    : undefined;
  const env = {
    ...preparePreload(folder, preload, process.env),
    ...(store !== undefined && {
      AWS_ACCESS_KEY_ID: store.keys.accessKeyId,
      AWS_SECRET_ACCESS_KEY: store.keys.secretAccessKey,
      AWS_SESSION_TOKEN: '',
    }),
    ...(faults.includes('gpu-holder') && { PATH: `${installFakeGpu(folder)}:${process.env['PATH'] ?? ''}` }),
  };
  const journal = followJournal(runPaths(scratch.runDir).journal);
  const supervised = keepSupervised(scratch, env);
  const over = new AbortController();
  void supervised.ended.then(() => over.abort());
  const stop = () => void supervised.stop();
  signal.addEventListener('abort', stop);
  if (signal.aborted) stop();
  try {
    return await work({
      target: describeTarget(options, scratch, { folder, journal, supervised, store, signal: over.signal }),
      ...{ scratch, journal, patienceMs, interrupted: signal },
      epochs: () => readProgress(scratch.checkpointDir, epochBase)?.epochs ?? 0,
      atRiskMs: () => readAtRisk(scratch.runDir),
      ...{ ended: supervised.ended, stop: supervised.stop, output: supervised.output },
    });
  } finally {
    over.abort();
    signal.removeEventListener('abort', stop);
    await supervised.stop();
    await removeOrphans(journal());
    await store?.close();
    unmount?.();
  }
}

/** Quick, because the faults of a campaign last for seconds. */
function describeRemote({ endpoint }: LoopbackStore) {
  return {
    ...{ url: 's3://campaign/checkpoints', endpoint, region: 'us-east-1', every: '2s', keep: 2 },
    ...{ retry_ms: 200, max_retry_ms: 1000, final_wait_ms: 20_000, stop_wait_ms: 2000 },
  };
}

/** Restarts besides those that the experiment allows: the campaign is not to be ended by its own number of faults. */
const mostRestarts = 10_000;
const endingMs = 10_000;
/** What preflight and the wait for room want to be free, and as much again. */
const spareBytes = 160 * 1024 * 1024;

async function removeOrphans(journal: readonly JournalEntry[]): Promise<string[]> {
  const started = journal.findLast((entry) => entry.event === 'run_started');
  if (started === undefined) return [];
  const { token } = started;
  // What is told to end at the end of a run may need a moment, on a busy machine a long one.
  const deadline = performance.now() + endingMs;
  while (performance.now() < deadline && findRunProcesses(token).length > 0) await sleep(50);
  const { removed, survivors } = await clearGeneration({ token, graceMs: 0, killWaitMs: 5000 });
  return [...removed, ...survivors].map(({ pid, command }) => `${pid} ${command}`);
}

function readAtRisk(runDir: string): number | undefined {
  const secs = readText(runPaths(runDir).status, parseStatus)?.at_risk_secs;
  return secs === undefined || secs === null ? undefined : secs * 1000;
}
