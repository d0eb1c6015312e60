import { channel } from 'node:diagnostics_channel';
import { join } from 'node:path';
import { type GoMessage, readEpochInfo, TrainerEnv } from '../../protocol/index.js';
import { selectBackend } from '../backends/select-backend.js';
import { loadCharset, openDataset, openDatasetThread, stepsToReadOnce } from '../data/index.js';
import { createBackgroundCommit } from './background-commit.js';
import { createBatchReader } from './batch-reader.js';
import { noBestYet } from './best-score.js';
import { buildNetworks } from './build-networks.js';
import { createHeartbeatWriter } from './heartbeat-writer.js';
import { describeBalance, lossWeightsAt, rebalance } from './loss-weights.js';
import { openSaving } from './open-saving.js';
import { openStep } from './open-step.js';
import { operationThreads } from './operation-threads.js';
import { createReporter } from './reporter.js';
import { rehearseRestore, restoreNewest } from './restore-newest.js';
import {
  collectRollbacks,
  describeRollback,
  isSkipped,
  type Rollback,
  readDivergence,
  rollbackRateFactor,
} from './rollback.js';
import { learningRateFactor } from './schedule.js';
import { createSpikeDetector } from './spike-detector.js';
import { standBy } from './stand-by.js';
import { openStepLog } from './step-log.js';
import type { StopSignals } from './stop-signals.js';
import type { TrainerOptions } from './trainer-options.js';
import type { Training } from './training.js';
import type { TrainingProgress } from './training-state.js';
import { createValidator } from './validator.js';
import { warmUp } from './warm-up.js';

/** Tells whoever listens how long the computation of each step took, without what is around it: the bench does. */
const stepComputed = channel('supervise:step');

/** A training that is ready to run, and where it starts. */
export interface OpenedTraining {
  readonly training: Training;
  readonly start: TrainingProgress;
  /** Closes the files of the run; the backend stays, for another run of this process. */
  readonly release: () => Promise<void>;
  /** The same, and ends the backend for good. */
  readonly close: () => Promise<void>;
}

/**
 * Starts the backend, opens the data, builds the networks, and restores the newest good checkpoint when that is wanted. A warm
 * spare waits before that until it is needed; undefined when it never is.
 */
export async function openTraining(options: TrainerOptions, signals: StopSignals): Promise<OpenedTraining | undefined> {
  const { config, paths, log } = options;
  const attempt = Number(process.env[TrainerEnv.attempt] ?? 1);
  let isStandingBy = process.env[TrainerEnv.standby] === '1';
  const heartbeats = createHeartbeatWriter(process.env[TrainerEnv.heartbeat], attempt);
  // The heartbeat belongs to the trainer that this one stands by for.
  const beat: typeof heartbeats.beat = (content) => {
    if (!isStandingBy) heartbeats.beat(content);
  };
  const starting = () => beat({ phase: 'startup', epoch: 1, step: 0, steps_per_epoch: 0 });
  starting();
  const charset = loadCharset(config.data.charset_path);
  const dir = config.data.dir ?? join(paths.runDir, 'data');
  const open = config.data.worker_thread ? openDatasetThread : openDataset;
  const opening = open({ config: config.data, seed: config.seed, dir, charset, onAlive: starting });
  // The data comes up while the backend starts; what is wrong with it is told below.
  opening.catch(() => undefined);
  const backend = await selectBackend(config.training.backend, {
    wasmThreads: config.training.wasm_threads,
    operationThreads: operationThreads(config),
    trustsVerdicts: true,
  });
  log(`Backend: ${backend.name} on ${backend.device}: ${backend.reason}`);
  const data = await opening;
  const networks = await closingOnError(data, () => buildNetworks(options, data));
  const linesPerStep = config.training.batch_size * config.training.accumulate;
  const stepsPerEpoch = config.training.steps_per_epoch ?? stepsToReadOnce(data.train.size, linesPerStep);
  log(
    `Data: ${data.train.size} lines to train on, ${data.validation.size} to validate; ${stepsPerEpoch} steps of ${linesPerStep} an epoch${linesPerStep > config.training.batch_size ? `, ${config.training.batch_size} at a time` : ''}.`,
  );

  const reporter = createReporter({ config, stepsPerEpoch, beat, log });
  const batches = createBatchReader({
    dataset: data.train,
    epochs: config.epochs,
    stepsPerEpoch,
    batchSize: linesPerStep,
  });
  const step = openStep({ ...networks, config }, backend.name, log);
  const tensors = { ...networks.tensors, settle: step.settle, locate: step.locate };
  const validate = createValidator({
    ...networks,
    dataset: data.validation,
    config,
    sampleDir: paths.sampleDir,
    isStopped: () => signals.stopSignal() !== undefined,
  });

  const fresh: TrainingProgress = { ...noBestYet, epoch: 1, step: 0, globalStep: 0, lossSums: {}, seed: config.seed };
  const isBalanced = config.adaptive_balancing.enabled;
  let rollbacks: readonly Rollback[] = [];
  const trainStep: Training['trainStep'] = async ({ epoch, step: stepOfEpoch, globalStep, balance }) => {
    const factor =
      learningRateFactor(config.schedule, { epoch, step: stepOfEpoch, stepsPerEpoch }) *
      rollbackRateFactor(config.rollback, rollbacks);
    const weights = lossWeightsAt(config, epoch, balance);
    const [lrG, lrD] = [config.optimizer.lr_g * factor, config.optimizer.lr_d * factor];
    const losses = await batches.withBatch(epoch, stepOfEpoch, async (batch) => {
      const startedAtMs = performance.now();
      const figures = await step.run({ ...batch, stepIndex: globalStep, weights, lrG, lrD });
      if (stepComputed.hasSubscribers) stepComputed.publish(performance.now() - startedAtMs);
      return figures;
    });
    return isBalanced ? { ...losses, ...describeBalance(weights, losses, balance) } : losses;
  };

  const background = config.checkpoints.async ? createBackgroundCommit() : undefined;
  const releaseBasics = async () => {
    await heartbeats.close();
    await background?.close();
    await batches.close();
    await data.close();
    step.dispose();
    networks.recognizer.dispose();
    networks.perceptual?.dispose();
  };
  const isSpare = isStandingBy;
  let go: GoMessage | undefined;
  if (isSpare) {
    background?.start();
    heartbeats.start();
    // Where a loss has no weight yet, a step is recorded without it: the steps of now and those of the end are warmed up.
    const { last_completed_epoch: completed = 0 } = readEpochInfo(paths.checkpointDir) ?? {};
    for (const epoch of [completed + 1, config.epochs]) await warmUp(tensors, () => trainStep({ ...fresh, epoch }));
    await rehearseRestore(paths.checkpointDir);
    log('Standing by.');
    go = await standBy(process.stdin, () => signals.stopSignal() !== undefined);
    if (go === undefined) {
      await releaseBasics();
      backend.dispose();
      return undefined;
    }
    isStandingBy = false;
    starting();
  }

  const divergence = options.noRestore ? undefined : readDivergence(paths.checkpointDir);
  const restored = isSpare
    ? await restoreNewest({ ...options, resume: go?.resume ?? true }, tensors, { mode: 'quick' })
    : await restoreNewest(options, tensors);
  const found: TrainingProgress = restored?.progress ?? fresh;
  rollbacks = collectRollbacks(found.rollbacks, divergence);
  if (divergence !== undefined) log(describeRollback(config.rollback, divergence));
  const start: TrainingProgress = rollbacks.length === 0 ? found : { ...found, rollbacks };
  const saving = openSaving({ ...options, tensors, stepsPerEpoch, background, reporter, start, restored });
  const steps = openStepLog(config.metrics.steps ? join(paths.runDir, 'steps.jsonl') : undefined);
  const findSpike = createSpikeDetector(config.rollback.spike_deviations);
  const training: Training = {
    epochs: config.epochs,
    stepsPerEpoch,
    earlyStopping: config.early_stopping,
    ...saving.ofTraining,
    trainStep,
    rebalance: ({ balance }, losses) => (isBalanced ? rebalance(config, losses, balance) : undefined),
    reportStep: (progress, stepMs) => {
      saving.assertSound();
      reporter.step(progress, stepMs);
    },
    noteStep: steps.note,
    isSkipped: (epoch, stepOfEpoch) => isSkipped(config.rollback, rollbacks, epoch, stepOfEpoch),
    findSpike: ({ g_loss: loss }) => (loss === undefined ? undefined : findSpike(loss)),
    isValidationEpoch: (epoch) => epoch % config.checkpoints.eval_interval === 0 || epoch === config.epochs,
    validate: async (progress) => {
      reporter.phase('validate', progress);
      step.settle();
      return validate(progress.epoch);
    },
    stopRequested: () => signals.stopSignal() !== undefined,
    takeSaveRequest: signals.takeSaveRequest,
  };
  const release = async () => {
    await saving.close();
    steps.close();
    await releaseBasics();
  };
  return {
    training,
    start,
    release,
    close: async () => {
      await release();
      backend.dispose();
    },
  };
}

/** What is wrong with the configuration leaves no file of the data open. */
async function closingOnError<Value>(
  data: { readonly close: () => Promise<void> },
  build: () => Value,
): Promise<Value> {
  try {
    return build();
  } catch (error) {
    await data.close();
    throw error;
  }
}
