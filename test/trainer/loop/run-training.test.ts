import { describe, expect, test } from 'vitest';
import { noBestYet } from '../../../src/trainer/loop/best-score.js';
import { DivergedError } from '../../../src/trainer/loop/diverged-error.js';
import { runTraining } from '../../../src/trainer/loop/run-training.js';
import type { Training } from '../../../src/trainer/loop/training.js';
import type { TrainingProgress } from '../../../src/trainer/loop/training-state.js';

const start: TrainingProgress = { ...noBestYet, epoch: 1, step: 0, globalStep: 0, lossSums: {}, seed: 1 };

/** A training of 3 epochs of 4 steps that notes what the loop asks of it. */
function recordTraining(changes: Partial<Training> = {}) {
  const calls: string[] = [];
  const diary: string[] = [];
  const training: Training = {
    epochs: 3,
    stepsPerEpoch: 4,
    earlyStopping: {
      enabled: true,
      patience: 1,
      min_delta: 0,
      monitor: 'score',
      mode: 'max',
      restore_best_weights: true,
    },
    trainStep: async ({ epoch, step, globalStep }) => {
      calls.push(`step ${epoch}.${step}`);
      return { loss: globalStep };
    },
    rebalance: () => undefined,
    reportStep: () => {},
    noteStep: ({ epoch, step }, stepMs, losses) => {
      expect(stepMs).toBeGreaterThanOrEqual(0);
      diary.push(`${epoch}.${step} ${losses['loss']}`);
    },
    isValidationEpoch: () => true,
    validate: async ({ epoch }) => ({
      restored: { psnr: epoch, ssim: 0, cer: 0, wer: 0, score: epoch },
      record: { psnr: epoch },
    }),
    saveEpoch: async (next, metrics, status) => {
      calls.push(`save ${next.epoch - 1} ${status} loss ${metrics['loss']} best ${next.bestEpoch}`);
    },
    savePartial: async ({ epoch, step }, status) => {
      calls.push(`partial ${epoch}.${step} ${status ?? 'running'}`);
    },
    stopRequested: () => false,
    takeSaveRequest: () => false,
    isSkipped: () => false,
    findSpike: () => undefined,
    saveIfDue: async () => {},
    finishSaving: async () => {
      calls.push('finish saving');
    },
    ...changes,
  };
  return { training, calls, diary };
}

describe('runTraining', () => {
  test('runs every step once, in order, and saves every epoch', async () => {
    const { training, calls, diary } = recordTraining();
    const { end, progress } = await runTraining(training, start);
    expect(end).toBe('completed');
    expect(diary).toHaveLength(12);
    expect(diary.slice(3, 5)).toEqual(['1.4 3', '2.1 4']);
    expect(calls.filter((call) => call.startsWith('save'))).toEqual([
      'save 1 running loss 1.5 best 1',
      'save 2 running loss 5.5 best 2',
      'save 3 completed loss 9.5 best 3',
    ]);
    expect(calls.filter((call) => call.startsWith('step'))).toHaveLength(12);
    expect(progress).toMatchObject({ epoch: 4, step: 0, globalStep: 12 });
  });

  test('resumed inside an epoch, it runs the missing steps only, and the epoch’s mean is the whole epoch’s', async () => {
    const { training, calls } = recordTraining();
    await runTraining(training, { ...start, epoch: 2, step: 3, globalStep: 7, lossSums: { loss: 4 + 5 + 6 } });
    expect(calls.slice(0, 2)).toEqual(['step 2.3', 'save 2 running loss 5.5 best 2']);
  });

  test('a stop request ends it at the next step boundary with a partial checkpoint', async () => {
    let steps = 0;
    const { training, calls } = recordTraining({ reportStep: () => void steps++, stopRequested: () => steps >= 6 });
    expect(await runTraining(training, start)).toMatchObject({ end: 'preempted', progress: { epoch: 2, step: 2 } });
    expect(calls.at(-1)).toBe('partial 2.2 preempted');
  });

  test('a signal gets through while every step computes without a break', async () => {
    let isStopped = false;
    setTimeout(() => {
      isStopped = true;
    }, 1);
    const { training, calls } = recordTraining({ stepsPerEpoch: 1_000_000, stopRequested: () => isStopped });
    expect(await runTraining(training, start)).toMatchObject({ end: 'preempted', progress: { epoch: 1 } });
    expect(calls.at(-1)).toMatch(/^partial 1\.\d+ preempted$/);
  });

  test('a stop request during validation is heard: the epoch is saved as trained, not yet validated', async () => {
    const { training, calls } = recordTraining({ validate: async () => undefined });
    expect(await runTraining(training, start)).toMatchObject({ end: 'preempted' });
    expect(calls.at(-1)).toBe('partial 1.4 preempted');
  });

  test('a signal is heard between two steps, also when nothing of a step waits for anything', async () => {
    let isStopped = false;
    setImmediate(() => {
      isStopped = true;
    });
    const { training } = recordTraining({ stepsPerEpoch: 1000, stopRequested: () => isStopped });
    const { end, progress } = await runTraining(training, start);
    expect(end).toBe('preempted');
    expect(progress.step).toBeLessThan(10);
  });

  test('patience ends it early and says so in the last save', async () => {
    const falling = async ({ epoch }: TrainingProgress) => ({
      restored: { psnr: 1, ssim: 0, cer: 0, wer: 0, score: -epoch },
      record: {},
    });
    const { training, calls } = recordTraining({ validate: falling });
    expect(await runTraining(training, start)).toMatchObject({ end: 'early_stopped', progress: { bestEpoch: 1 } });
    expect(calls.at(-1)).toContain('save 2 early_stopped');
  });

  test('a run that stopped early stays stopped when it is resumed', async () => {
    const { training, calls } = recordTraining();
    const stopped = { ...start, epoch: 3, bestEpoch: 1, bestScore: 5, bestMonitored: 5, epochsWithoutImprovement: 1 };
    expect(await runTraining(training, stopped)).toMatchObject({ end: 'early_stopped' });
    expect(calls).toEqual([]);
  });

  test('a save request is answered once and the training goes on', async () => {
    const requests = [true];
    const takeSaveRequest = () => requests.pop() ?? false;
    const { training, calls } = recordTraining({ takeSaveRequest });
    expect((await runTraining(training, start)).end).toBe('completed');
    expect(calls.filter((call) => call.startsWith('partial'))).toEqual(['partial 1.1 running']);
  });

  test('a loss that is not finite ends the attempt, and nothing of that step is saved', async () => {
    const { training, calls } = recordTraining({
      trainStep: async ({ epoch, step }) => ({ g_loss: epoch === 2 && step === 1 ? Number.NaN : 1 }),
    });
    await expect(runTraining(training, start)).rejects.toThrow(new DivergedError('g_loss is NaN', 2, 1));
    expect(calls).toEqual(['save 1 running loss undefined best 1']);
  });

  test('a step whose batch is left out teaches nothing, and the mean is that of the others', async () => {
    const { training, calls } = recordTraining({ isSkipped: (epoch, step) => epoch === 1 && step === 3 });
    await runTraining(training, start);
    expect(calls).not.toContain('step 1.3');
    expect(calls).toContain('save 1 running loss 1 best 1');
    expect(calls).toContain('save 2 running loss 5.5 best 2');
  });

  test('a leap of the loss ends the attempt, saying where', async () => {
    const { training, calls } = recordTraining({ findSpike: (losses) => (losses['loss'] === 6 ? 3 : undefined) });
    const failure = await runTraining(training, start).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(DivergedError);
    expect(failure).toMatchObject({ epoch: 2, step: 2 });
    expect(calls.filter((call) => call.startsWith('save'))).toHaveLength(1);
  });

  test('asks for a checkpoint after every step but the last of an epoch, and waits for the last save', async () => {
    const asked: string[] = [];
    const saveIfDue = async ({ epoch, step }: TrainingProgress) => void asked.push(`${epoch}.${step}`);
    const { training, calls } = recordTraining({ saveIfDue });
    await runTraining(training, start);
    expect(asked.slice(0, 4)).toEqual(['1.1', '1.2', '1.3', '2.1']);
    expect(calls.at(-1)).toBe('finish saving');
  });
});
