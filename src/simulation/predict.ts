import type { Scenario } from './scenario.js';
import { simulate } from './simulate.js';
import type { SimulatedRun } from './simulated-run.js';

/** What a policy is expected to make of its machines: means over simulated runs. */
export interface Prediction {
  /** Training whose result stays, as a share of the wall time. */
  readonly goodput: number;
  /** Standard error of that mean. */
  readonly goodputError: number;
  /**
   * Effective training time ratio: the share of the wall time that went neither into catching up, nor into restarts, nor into
   * waiting; saves count as training. Source of the definition: Kokolis et al., arXiv:2410.21680.
   */
  readonly ettr: number;
  /** From a failure to the first new step (seconds), with the time until a hang is noticed. */
  readonly mttrSecs: number;
  /** Training that has to be done again (seconds) after a failure. */
  readonly lostSecsPerFault: number;
  readonly faultsPerRun: number;
  /** Share of the runs that were completed. */
  readonly completedShare: number;
  readonly falseKills: number;
}

/** Simulates `runs` runs of a scenario, with seeds that follow each other. */
export function predict(scenario: Scenario, runs: number): Prediction {
  const simulated = Array.from({ length: runs }, (_, index) => simulate({ ...scenario, seed: scenario.seed + index }));
  const meanOf = (figure: (run: SimulatedRun) => number) => mean(simulated.map(figure));
  const goodputs = simulated.map(goodputOf);
  return {
    goodput: mean(goodputs),
    goodputError: Math.sqrt(variance(goodputs) / runs),
    ettr: meanOf((run) => (run.usefulSecs + run.parts.saving) / run.wallSecs),
    mttrSecs: meanOf((run) => downSecs(run) / Math.max(1, run.relaunches)),
    lostSecsPerFault: meanOf((run) => (run.parts.training - run.usefulSecs) / Math.max(1, run.faults)),
    faultsPerRun: meanOf(({ faults }) => faults),
    completedShare: meanOf(({ end }) => (end === 'completed' ? 1 : 0)),
    falseKills: meanOf(({ falseKills }) => falseKills),
  };
}

/** What a run that was given up trained is useful too; the time after it is not there to be lost. */
function goodputOf({ usefulSecs, wallSecs }: SimulatedRun): number {
  return usefulSecs / wallSecs;
}

function downSecs({ parts }: SimulatedRun): number {
  return parts.hanging + parts.starting + parts.relaunching + parts.backingOff + parts.waiting;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function variance(values: readonly number[]): number {
  const middle = mean(values);
  return values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / Math.max(1, values.length - 1);
}
