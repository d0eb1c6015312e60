import { failureClasses } from './failure-classes.js';
import { isAhead } from './progress.js';
import { suspicious } from './repeated-failure.js';
import type { Rules } from './rules.js';
import type { Failure, GiveUpReason, RunFacts } from './state.js';

/** What to do after a failure. `isCounted`: the relaunch is charged to the budgets. */
export type RestartDecision =
  | {
      readonly kind: 'relaunch';
      readonly delayMs: number;
      readonly isCounted: boolean;
      /** Go back to an earlier checkpoint first. */
      readonly stepBack: boolean;
    }
  | { readonly kind: 'giveUp'; readonly reason: GiveUpReason; readonly explanation: string };

/** Decides by the remedy of the failure's class and by the budgets. `jitter` is from [0, 1). */
export function decideRestart(
  rules: Rules,
  run: RunFacts,
  failure: Failure,
  { jitter, at }: { readonly jitter: number; readonly at: number },
): RestartDecision {
  const { remedy, title } = failureClasses[failure.class];
  if (remedy === 'stop' || (remedy === 'stop-if-never-worked' && !run.hasWorked)) {
    return { kind: 'giveUp', reason: 'permanent-failure', explanation: `${title}: trying again cannot help` };
  }
  if (remedy === 'relaunch' && isAhead(run.progress, run.launchedFrom)) {
    return { kind: 'relaunch', delayMs: 0, isCounted: false, stepBack: false };
  }
  if (failure.class === 'diverged') return decideRollback(rules, run, failure);
  const exhausted = findHopeless(run) ?? findExhaustedBudget(rules, run, at);
  if (exhausted !== undefined) return { kind: 'giveUp', ...exhausted };
  const isFirstPreemption = remedy === 'relaunch' && run.spent.withoutProgress === 0;
  const delayMs = isFirstPreemption ? 0 : backoffDelay(rules, run, jitter);
  return { kind: 'relaunch', delayMs, isCounted: true, stepBack: shouldStepBack(run) };
}

/** Full jitter below a ceiling that doubles with each restart without progress, up to `maxDelayMs`. */
export function backoffDelay(rules: Rules, { spent }: RunFacts, jitter: number): number {
  const ceiling = Math.min(rules.maxDelayMs, rules.initialDelayMs * 2 ** Math.min(spent.withoutProgress, 40));
  return Math.round(jitter * ceiling);
}

/** A divergence goes back to the last checkpoint at once: waiting cannot help. The trainer leaves out or slows down what led to it. */
function decideRollback(rules: Rules, run: RunFacts, failure: Failure): RestartDecision {
  if (run.rollbacks < rules.maxRollbacks) return { kind: 'relaunch', delayMs: 0, isCounted: false, stepBack: false };
  const explanation = `${run.rollbacks} rollbacks did not help (rollback.max_rollbacks): ${failure.summary}`;
  return { kind: 'giveUp', reason: 'diverged', explanation };
}

interface Reason {
  readonly reason: GiveUpReason;
  readonly explanation: string;
}

/** The same failure at the same place, from an earlier checkpoint too: it would come for ever. */
function findHopeless({ repeated }: RunFacts): Reason | undefined {
  if (repeated === undefined || repeated.count < suspicious || !repeated.hasSteppedBack) return undefined;
  const { title } = failureClasses[repeated.class];
  const place = `after epoch ${repeated.epochs}${repeated.step > 0 ? `, step ${repeated.step}` : ''}`;
  return {
    reason: 'same-failure',
    explanation: `${title}: ${repeated.count} times in a row ${place}, also from an earlier checkpoint`,
  };
}

function shouldStepBack({ repeated, launchedFrom }: RunFacts): boolean {
  const hasEarlier = launchedFrom.epochs > 1 || (launchedFrom.epochs > 0 && launchedFrom.partialStep > 0);
  return hasEarlier && repeated !== undefined && repeated.count >= suspicious && !repeated.hasSteppedBack;
}

function findExhaustedBudget(rules: Rules, { spent, restartedAt }: RunFacts, at: number): Reason | undefined {
  if (spent.withoutProgress >= rules.maxRestartsWithoutProgress) {
    return {
      reason: 'no-progress',
      explanation: `${spent.withoutProgress} restarts in a row saved no new work (restart.max_restarts_without_progress)`,
    };
  }
  if (spent.restarts >= rules.maxRestarts) {
    return {
      reason: 'too-many-restarts',
      explanation: `${spent.restarts} restarts are used up (restart.max_restarts)`,
    };
  }
  const { window } = rules;
  if (window === undefined) return undefined;
  const recent = restartedAt.filter((time) => at - time < window.lengthMs).length;
  if (recent < window.maxRestarts) return undefined;
  return {
    reason: 'too-many-restarts',
    explanation: `${recent} restarts within ${Math.round(window.lengthMs / 1000)} s (restart.max_restarts_per_window)`,
  };
}
