import { predict } from './predict.js';
import type { Scenario } from './scenario.js';

/** What one checkpoint interval makes of a scenario. */
export interface TriedInterval {
  readonly intervalSecs: number;
  readonly goodput: number;
}

const triesPerDoubling = 2;
const doublings = 6;

/**
 * Finds the best interval by trying: 13 of them, from an eighth of the middle one to eight times it, every one against the same
 * failures. The best comes first.
 */
export function tryIntervals(scenario: Scenario, middleSecs: number, runs: number): readonly TriedInterval[] {
  const count = doublings * triesPerDoubling + 1;
  const tried = Array.from({ length: count }, (_, index) => {
    const everySecs = middleSecs * 2 ** (index / triesPerDoubling - doublings / 2);
    const policy = { ...scenario.policy, saving: { everySecs } };
    return { intervalSecs: everySecs, goodput: predict({ ...scenario, policy }, runs).goodput };
  });
  return tried.sort((left, right) => right.goodput - left.goodput);
}

/** Mean time between failures of the whole run (seconds): any machine's failure ends it. */
export function runMtbfSecs({ machines }: Pick<Scenario, 'machines'>): number {
  return machines.lifetime.meanSecs / machines.count;
}

/**
 * The ETTR that a formula expects, for failures without memory: each costs a restart and half an interval.
 * Source: Kokolis et al., arXiv:2410.21680, equation of the expected ETTR without queueing.
 */
export function expectedEttr(scenario: Scenario, intervalSecs: number): number {
  const { startSecs, prepareSecs, saveSecs } = scenario.costs;
  return 1 - (startSecs + prepareSecs + saveSecs + intervalSecs / 2) / runMtbfSecs(scenario);
}
