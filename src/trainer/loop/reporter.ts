import type { Experiment } from '../../config/schema.js';
import type { Heartbeat, Phase } from '../../protocol/index.js';
import type { TrainingProgress } from './training-state.js';

/** Tells the user and the supervisor how the training goes. */
export interface Reporter {
  readonly step: (progress: TrainingProgress, stepMs: number) => void;
  readonly phase: (phase: Phase, progress: TrainingProgress) => void;
  readonly epoch: (epoch: number, metrics: Readonly<Record<string, number>>, next: TrainingProgress) => void;
}

export interface ReporterOptions {
  readonly config: Experiment;
  readonly stepsPerEpoch: number;
  readonly beat: (beat: Omit<Heartbeat, 'attempt' | 'pid'>) => void;
  readonly log: (line: string) => void;
}

/** Lines of steps in one epoch. */
const linesPerEpoch = 4;

export function createReporter({ config, stepsPerEpoch, beat, log }: ReporterOptions): Reporter {
  const every = Math.max(1, Math.ceil(stepsPerEpoch / linesPerEpoch));
  return {
    phase: (phase, { epoch, step }) => beat({ phase, epoch, step, steps_per_epoch: stepsPerEpoch }),
    step: ({ epoch, step, lossSums }, stepMs) => {
      const values = means(lossSums, step);
      beat({ phase: 'train', epoch, step, steps_per_epoch: stepsPerEpoch, values });
      if (step % every === 0 || step === stepsPerEpoch) {
        log(
          `Epoch ${epoch}/${config.epochs} step ${step}/${stepsPerEpoch} (${stepMs.toFixed(0)} ms a step): ${describe(values, ['g_loss', 'd_loss', 'pixel_loss', 'ctc_loss'])}`,
        );
      }
    },
    epoch: (epoch, metrics, next) => {
      const isBest = next.bestEpoch === epoch ? ', the best so far' : '';
      log(
        `Epoch ${epoch}/${config.epochs} done: ${describe(metrics, ['psnr', 'ssim', 'cer', 'wer', 'score'])}${isBest}`,
      );
    },
  };
}

function means(sums: Readonly<Record<string, number>>, count: number): Record<string, number> {
  return Object.fromEntries(Object.entries(sums).map(([name, sum]) => [name, sum / Math.max(count, 1)]));
}

function describe(values: Readonly<Record<string, number>>, names: readonly string[]): string {
  return names.flatMap((name) => (values[name] === undefined ? [] : `${name} ${values[name].toFixed(3)}`)).join(', ');
}
