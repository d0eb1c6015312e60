import { failureClasses } from './failure-classes.js';
import { isAhead } from './progress.js';
import type { Failure, GiveUpReason, Rules, RunFacts } from './state.js';

/** What to do after a failure. `isCounted`: the relaunch is charged to the budgets. */
export type RestartDecision =
  | { readonly kind: 'relaunch'; readonly delayMs: number; readonly isCounted: boolean }
  | { readonly kind: 'giveUp'; readonly reason: GiveUpReason; readonly explanation: string };

/** Decides by the remedy of the failure's class and by the budgets. `jitter` is from [0, 1). */
export function decideRestart(rules: Rules, run: RunFacts, failure: Failure, jitter: number): RestartDecision {
  const { remedy, title } = failureClasses[failure.class];
  if (remedy === 'stop' || (remedy === 'stop-if-never-worked' && !run.hasWorked)) {
    return { kind: 'giveUp', reason: 'permanent-failure', explanation: `${title}: trying again cannot help` };
  }
  if (remedy === 'relaunch' && isAhead(run.progress, run.launchedFrom)) {
    return { kind: 'relaunch', delayMs: 0, isCounted: false };
  }
  const exhausted = findExhaustedBudget(rules, run);
  if (exhausted !== undefined) return { kind: 'giveUp', ...exhausted };
  const isFirstPreemption = remedy === 'relaunch' && run.spent.withoutProgress === 0;
  return { kind: 'relaunch', delayMs: isFirstPreemption ? 0 : backoffDelay(rules, run, jitter), isCounted: true };
}

/** Full jitter below a ceiling that doubles with each restart without progress, up to `maxDelayMs`. */
export function backoffDelay(rules: Rules, { spent }: RunFacts, jitter: number): number {
  const ceiling = Math.min(rules.maxDelayMs, rules.initialDelayMs * 2 ** Math.min(spent.withoutProgress, 40));
  return Math.round(jitter * ceiling);
}

function findExhaustedBudget(
  rules: Rules,
  { spent }: RunFacts,
): { reason: GiveUpReason; explanation: string } | undefined {
  if (spent.withoutProgress >= rules.maxRestartsWithoutProgress) {
    return {
      reason: 'no-progress',
      explanation: `${spent.withoutProgress} restarts in a row completed no epoch (restart.max_restarts_without_progress)`,
    };
  }
  if (spent.restarts >= rules.maxRestarts) {
    return {
      reason: 'too-many-restarts',
      explanation: `${spent.restarts} restarts are used up (restart.max_restarts)`,
    };
  }
  return undefined;
}
