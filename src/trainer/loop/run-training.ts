import { setImmediate as nextTurn } from 'node:timers/promises';
import type { ValidationMetrics } from './best-score.js';
import { shouldStopEarly, updateBest } from './best-score.js';
import { DivergedError } from './diverged-error.js';
import type { Training, ValidationResult } from './training.js';
import type { TrainingProgress } from './training-state.js';

/** How a training ended, with the progress that was saved last. */
export interface TrainingOutcome {
  readonly end: 'completed' | 'early_stopped' | 'preempted';
  readonly progress: TrainingProgress;
}

/** Trains from `start` until the epoch count is reached, patience runs out, or a signal asks to stop. */
export async function runTraining(training: Training, start: TrainingProgress): Promise<TrainingOutcome> {
  let progress = start;
  if (isEarlyStop(training, start)) return { end: 'early_stopped', progress };
  while (progress.epoch <= training.epochs) {
    const trained = await runEpoch(training, progress);
    const metrics = training.stopRequested() ? undefined : await runValidation(training, trained);
    if (metrics === undefined) return preempt(training, trained);
    progress = await completeEpoch(training, trained, metrics.restored, metrics.record);
    if (isEarlyStop(training, progress)) return { end: 'early_stopped', progress };
  }
  await training.finishSaving();
  return { end: 'completed', progress };
}

async function runEpoch(training: Training, start: TrainingProgress): Promise<TrainingProgress> {
  let progress = start;
  const startedAtMs = performance.now();
  while (progress.step < training.stepsPerEpoch && !training.stopRequested()) {
    progress = await runStep(training, progress);
    // Some backends and data never wait for anything: signals and the checkpoint writer must be heard all the same.
    await nextTurn();
    training.reportStep(progress, (performance.now() - startedAtMs) / (progress.step - start.step));
    if (training.takeSaveRequest()) await training.savePartial(progress);
    else if (progress.step < training.stepsPerEpoch) await training.saveIfDue(progress);
  }
  return progress;
}

async function runStep(training: Training, progress: TrainingProgress): Promise<TrainingProgress> {
  if (training.isSkipped(progress.epoch, progress.step)) return skipStep(progress);
  const startedAtMs = performance.now();
  const losses = await training.trainStep(progress);
  const stepMs = performance.now() - startedAtMs;
  assertFinite(losses, progress);
  assertNoSpike(training, losses, progress);
  const balance = training.rebalance(progress, losses);
  const done = {
    ...progress,
    step: progress.step + 1,
    globalStep: progress.globalStep + 1,
    lossSums: addTo(progress.lossSums, losses),
    ...(balance !== undefined && { balance }),
  };
  training.noteStep(done, stepMs, losses);
  return done;
}

/** The step counts, so that the order of the data stays what it is; it just teaches nothing. */
function skipStep(progress: TrainingProgress): TrainingProgress {
  return {
    ...progress,
    step: progress.step + 1,
    globalStep: progress.globalStep + 1,
    skipped: (progress.skipped ?? 0) + 1,
  };
}

const noValidation: ValidationResult = { restored: undefined, record: {} };

async function runValidation(training: Training, progress: TrainingProgress) {
  return training.isValidationEpoch(progress.epoch) ? training.validate(progress) : noValidation;
}

async function completeEpoch(
  training: Training,
  trained: TrainingProgress,
  metrics: ValidationMetrics | undefined,
  record: Readonly<Record<string, number>>,
): Promise<TrainingProgress> {
  const best = metrics === undefined ? {} : updateBest(trained, trained.epoch, metrics, training.earlyStopping);
  const { skipped: _, ...kept } = trained;
  const next = { ...kept, ...best, epoch: trained.epoch + 1, step: 0, lossSums: {} };
  const end = isEarlyStop(training, next)
    ? 'early_stopped'
    : trained.epoch === training.epochs
      ? 'completed'
      : 'running';
  await training.saveEpoch(next, { ...meanLosses(trained), ...record }, end);
  return next;
}

async function preempt(training: Training, progress: TrainingProgress): Promise<TrainingOutcome> {
  await training.savePartial(progress, 'preempted');
  return { end: 'preempted', progress };
}

function isEarlyStop(training: Training, progress: TrainingProgress): boolean {
  return progress.epoch <= training.epochs && shouldStopEarly(progress, training.earlyStopping);
}

function meanLosses({ lossSums, step, skipped = 0 }: TrainingProgress): Record<string, number> {
  return Object.fromEntries(Object.entries(lossSums).map(([name, sum]) => [name, sum / Math.max(step - skipped, 1)]));
}

function addTo(
  sums: Readonly<Record<string, number>>,
  values: Readonly<Record<string, number>>,
): Record<string, number> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, (sums[name] ?? 0) + value]));
}

/** A number that is not finite ends the attempt before it can reach a checkpoint. */
function assertFinite(losses: Readonly<Record<string, number>>, { epoch, step }: TrainingProgress): void {
  const bad = Object.entries(losses).find(([, value]) => !Number.isFinite(value));
  if (bad !== undefined) throw new DivergedError(`${bad[0]} is ${bad[1]}`, epoch, step);
}

function assertNoSpike(
  training: Training,
  losses: Readonly<Record<string, number>>,
  { epoch, step }: TrainingProgress,
): void {
  const threshold = training.findSpike(losses);
  if (threshold === undefined) return;
  const loss = losses['g_loss'] ?? Number.NaN;
  throw new DivergedError(`g_loss leaps to ${loss.toPrecision(4)}, beyond ${threshold.toPrecision(4)}`, epoch, step);
}
