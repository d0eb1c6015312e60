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
/** Before the first save nothing is known of its cost. */
const assumedCost = { stallSecs: 0.05, durationSecs: 0.5 };

type Cost = () => { readonly stallSecs: number; readonly durationSecs: number } | undefined;

export function createSaveClock(every: string, cost: Cost, start: TrainingProgress): SaveClock {
  const policy = parseSavePolicy(every) ?? { kind: 'epoch' };
  const told = Number(process.env[TrainerEnv.mtbf]);
  const mtbfSecs = told > 0 ? told : assumedMtbfSecs;
  let savedAtMs = performance.now();
  let savedStep = start.globalStep;
  return {
    isDue: ({ globalStep }) => {
      const secs = (performance.now() - savedAtMs) / 1000;
      return isSaveDue(policy, secs, globalStep - savedStep, { ...assumedCost, ...cost(), mtbfSecs });
    },
    reset: ({ globalStep }) => {
      savedAtMs = performance.now();
      savedStep = globalStep;
    },
  };
}
