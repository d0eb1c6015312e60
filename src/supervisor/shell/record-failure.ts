import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { writeFileAtomic } from '../../protocol/index.js';
import type { Effect } from '../effect.js';
import { failureClasses } from '../failure-classes.js';

/** Writes `failure.json` into the attempt's folder: class, evidence, remedy and cost. */
export function recordFailure(
  path: string,
  { attempt, failure, cost }: Extract<Effect, { type: 'recordFailure' }>,
): void {
  const { remedy, advice } = failureClasses[failure.class];
  const content = {
    ...{ attempt, class: failure.class, summary: failure.summary, evidence: failure.evidence, remedy, advice },
    cost: { ran_ms: Math.round(cost.ranMs), lost_ms: Math.round(cost.lostMs) },
  };
  mkdirSync(dirname(path), { recursive: true });
  writeFileAtomic(path, `${JSON.stringify(content, null, 2)}\n`);
}
