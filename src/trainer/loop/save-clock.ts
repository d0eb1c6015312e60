import { TrainerEnv } from '../../protocol/index.js';
import { isSaveDue, parseSavePolicy } from './save-policy.js';
import type { TrainingProgress } from './training-state.js';

/** Knows when the next checkpoint inside an epoch is due. */
export interface SaveClock {
  readonly isDue: (progress: TrainingProgress) => boolean;
  /** A checkpoint of this progress was begun. */
  readonly reset: (progress: TrainingProgress) => void;
}

/** Before the first failure: a machine that fails every few hours is a bad one, and a save too many costs little. */
const assumedMtbfSecs = 3 * 3600;
/** Before the first saves nothing is known of their cost. */
const assumedCost = { stallSecs: 0.01, durationSecs: 0.2 };

type Cost = () => { readonly stallSecs: number; readonly durationSecs: number } | undefined;

export function createSaveClock(every: string, cost: Cost, start: TrainingProgress): SaveClock {
  const policy = parseSavePolicy(every) ?? { kind: 'epoch' };
  const told = Number(process.env[TrainerEnv.mtbf]);
  const toldSecs = told > 0 ? told : assumedMtbfSecs;
  const startedAtMs = performance.now();
  let savedAtMs = startedAtMs;
  let savedStep = start.globalStep;
  return {
    isDue: ({ globalStep }) => {
      const nowMs = performance.now();
      const secs = (nowMs - savedAtMs) / 1000;
      // Who has worked for longer than that fails less often.
      const mtbfSecs = Math.max(toldSecs, (nowMs - startedAtMs) / 1000);
      return isSaveDue(policy, secs, globalStep - savedStep, { ...assumedCost, ...cost(), mtbfSecs });
    },
    reset: ({ globalStep }) => {
      savedAtMs = performance.now();
      savedStep = globalStep;
    },
  };
}
