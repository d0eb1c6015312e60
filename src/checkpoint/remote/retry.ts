import { setTimeout as sleep } from 'node:timers/promises';
import { RemoteError } from './remote-error.js';

export interface RetryRules {
  readonly tries: number;
  /** Upper bound of the first delay; it doubles with each try, and the delay itself is drawn below it. */
  readonly firstMs: number;
  readonly mostMs: number;
}

export const usualRetries: RetryRules = { tries: 5, firstMs: 500, mostMs: 20_000 };

/** Does `work` again while what it fails for may pass: full jitter, and no sooner than the store asks. @throws its last error */
export async function withRetries<Value>(rules: RetryRules, work: () => Promise<Value>): Promise<Value> {
  for (let done = 1; ; done++) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof RemoteError) || !error.isPassing || done >= rules.tries) throw error;
      await sleep(Math.max(delayMs(rules, done), Math.min(error.retryAfterMs ?? 0, rules.mostMs)));
    }
  }
}

function delayMs({ firstMs, mostMs }: RetryRules, done: number): number {
  return Math.random() * Math.min(mostMs, firstMs * 2 ** (done - 1));
}
