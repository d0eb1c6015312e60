import { TrainerExit } from '../../protocol/index.js';
import { outOfMemoryLine } from '../backends/out-of-memory.js';
import { restoresBest } from './best-score.js';
import { finalOf, UnsavedError } from './checkpoint-files.js';
import { DivergedError } from './diverged-error.js';
import { recordDivergence } from './rollback.js';
import { runTraining, type TrainingOutcome } from './run-training.js';
import { listenForSignals } from './stop-signals.js';
import type { TrainerOptions } from './trainer-options.js';

/** Runs the reference trainer to its end and returns its exit code (see `TrainerExit`; 1 when it diverged or could not save). */
export async function runTrainer(options: TrainerOptions): Promise<number> {
  const signals = listenForSignals();
  try {
    const { openTraining } = await import('./open-training.js');
    const opened = await openTraining(options, signals);
    if (opened === undefined) return TrainerExit.finished;
    try {
      return reportOutcome(await runTraining(opened.training, opened.start), options);
    } finally {
      await opened.close();
    }
  } catch (error) {
    if (error instanceof UnsavedError) {
      options.log(`The training ends, because ${error.message}.`);
      return 1;
    }
    const exhausted = outOfMemoryLine(error);
    if (exhausted !== undefined) {
      options.log(`The training ends, because memory is exhausted: ${exhausted}`);
      return 1;
    }
    if (!(error instanceof DivergedError)) throw error;
    options.log(`The training diverged: ${error.message}. Nothing of that step was saved.`);
    recordDivergence(options.paths.checkpointDir, error);
    return 1;
  } finally {
    signals.dispose();
  }
}

function reportOutcome({ end, progress }: TrainingOutcome, { config, log }: TrainerOptions): number {
  const done = progress.epoch - 1;
  if (end === 'preempted') {
    log(`Saved at epoch ${progress.epoch}, step ${progress.step}; exiting to be relaunched.`);
    return TrainerExit.savedRelaunchMe;
  }
  const best =
    progress.bestScore === null ? '' : `; best epoch ${progress.bestEpoch}, score ${progress.bestScore.toFixed(2)}`;
  log(
    end === 'completed'
      ? `Training completed: ${done}/${config.epochs} epochs${best}.`
      : `Stopped early after epoch ${done}${best}.`,
  );
  if (restoresBest(config)) {
    const final = finalOf(progress, { restoresBest: true });
    log(`The final weights are those of epoch ${final.epoch} (${final.checkpoint}).`);
  }
  return TrainerExit.finished;
}
