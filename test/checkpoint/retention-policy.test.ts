import { describe, expect, test } from 'vitest';
import {
  type CommittedCheckpoint,
  compareCheckpoints,
  keepBestBy,
  keepEveryEpochs,
  keepEveryMinutes,
  keepLast,
  planRetention,
  type RetentionRules,
} from '../../src/checkpoint/index.js';
import { fc } from '../fast-check.js';

const minute = 60_000;
const epochs = (...scores: number[]): CommittedCheckpoint[] =>
  scores.map((score, index) => ({
    name: `ckpt-${index + 1}`,
    epoch: index + 1,
    step: 0,
    metrics: { score },
    savedAtMs: index * 10 * minute,
  }));
const names = (checkpoints: readonly CommittedCheckpoint[]) => checkpoints.map(({ epoch }) => epoch);

describe('policies', () => {
  const five = epochs(3, Number.NaN, 9, 5, 9);
  test.each([
    ['the last two', keepLast(2), [4, 5]],
    ['none of the last', keepLast(0), []],
    ['the best two, of equal ones the older first', keepBestBy({ count: 2, metric: 'score', mode: 'max' }), [3, 5]],
    ['the best one by the lowest value', keepBestBy({ count: 1, metric: 'score', mode: 'min' }), [1]],
    ['the best of all: NaN is none of them', keepBestBy({ count: 9, metric: 'score', mode: 'max' }), [3, 5, 4, 1]],
    ['the best by a metric that nobody wrote', keepBestBy({ count: 2, metric: 'cer', mode: 'min' }), []],
    ['every second epoch', keepEveryEpochs(2), [2, 4]],
    ['every 25 minutes', keepEveryMinutes(25), [1, 4]],
  ])('%s', (_, policy, expected) => expect(names(policy(five))).toEqual(expected));

  test('a rule for the best keeps what the newest would push out, and the partial one goes', () => {
    const partial = { name: 'partial-6-3', epoch: 5, step: 3 };
    const rules: RetentionRules = { maxCheckpoints: 1, keepBest: { count: 2, metric: 'score', mode: 'max' } };
    const { keep, remove } = planRetention([...epochs(3, 8, 9, 5, 1, 2), partial], 'ckpt-6', rules);
    expect(names(keep)).toEqual([2, 3, 6]);
    expect(remove.map(({ name }) => name)).toContain('partial-6-3');
  });
});

const score = fc.oneof(
  fc.float({ min: -9, max: 9, noNaN: true }),
  fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY),
);
const history = fc.array(fc.record({ score, minutes: fc.nat(90) }), { minLength: 1, maxLength: 25 });
const anyRules = fc.record({
  maxCheckpoints: fc.integer({ min: 1, max: 4 }),
  count: fc.nat(4),
  mode: fc.constantFrom('max' as const, 'min' as const),
  everyEpochs: fc.option(fc.integer({ min: 1, max: 5 }), { nil: undefined }),
  everyMinutes: fc.option(fc.integer({ min: 1, max: 120 }), { nil: undefined }),
});

/** Commits epoch after epoch as the trainer does, pruning after each; calls `look` with what is left and what was there ever. */
function commitAll(
  scores: readonly { score: number; minutes: number }[],
  rules: RetentionRules,
  look: (left: CommittedCheckpoint[], ever: CommittedCheckpoint[], best: number | undefined) => void,
) {
  let left: CommittedCheckpoint[] = [];
  const ever: CommittedCheckpoint[] = [];
  let savedAtMs = 0;
  for (const [index, { score, minutes }] of scores.entries()) {
    savedAtMs += minutes * minute;
    const fresh = { name: `ckpt-${index + 1}`, epoch: index + 1, step: 0, metrics: { score }, savedAtMs };
    ever.push(fresh);
    const finite = ever.filter((one) => Number.isFinite(one.metrics?.['score']));
    const best = finite.toSorted((a, b) => (b.metrics?.['score'] ?? 0) - (a.metrics?.['score'] ?? 0))[0]?.epoch;
    left = planRetention([...left, fresh], fresh.name, {
      ...rules,
      ...(best !== undefined && { bestEpoch: best }),
    }).keep;
    look(left, ever, best);
  }
}

describe('whatever the rules and the history', () => {
  const toRules = ({ count, mode, everyEpochs, everyMinutes, maxCheckpoints }: RulesSample): RetentionRules => ({
    maxCheckpoints,
    keepBest: { count, metric: 'score', mode },
    ...(everyEpochs !== undefined && { everyEpochs }),
    ...(everyMinutes !== undefined && { everyMinutes }),
  });
  type RulesSample = typeof anyRules extends fc.Arbitrary<infer Sample> ? Sample : never;

  test('the newest, the last N and the best are there after every commit, and nothing is kept twice', () => {
    fc.assert(
      fc.property(history, anyRules, (scores, sample) => {
        commitAll(scores, toRules(sample), (left, ever, best) => {
          const kept = new Set(names(left));
          expect(kept.size).toBe(left.length);
          for (const { epoch } of ever.slice(-sample.maxCheckpoints)) expect(kept).toContain(epoch);
          if (best !== undefined) expect(kept).toContain(best);
          if (sample.everyEpochs !== undefined)
            for (const { epoch } of ever) if (epoch % sample.everyEpochs === 0) expect(kept).toContain(epoch);
        });
      }),
      { numRuns: 200 },
    );
  });

  test('pruning as one goes keeps the same best K, and the same marks of time, as seeing all at once', () => {
    fc.assert(
      fc.property(history, anyRules, (scores, sample) => {
        const rules = toRules(sample);
        commitAll(scores, rules, (left, ever) => {
          const kept = new Set(names(left));
          const best = rules.keepBest ? keepBestBy(rules.keepBest)(ever) : [];
          for (const epoch of names(best)) expect(kept).toContain(epoch);
          if (rules.everyMinutes !== undefined)
            for (const epoch of names(keepEveryMinutes(rules.everyMinutes)(ever))) expect(kept).toContain(epoch);
        });
      }),
      { numRuns: 200 },
    );
  });

  test('a plan is a partition, sorted, and planning again removes nothing', () => {
    fc.assert(
      fc.property(history, anyRules, (scores, sample) => {
        commitAll(scores, toRules(sample), (left) => {
          const newest = left.at(-1)?.name ?? '';
          const again = planRetention(left, newest, { ...toRules(sample), bestEpoch: -1 });
          expect([...again.keep, ...again.remove].sort(compareCheckpoints)).toEqual(left);
          const third = planRetention(again.keep, newest, { ...toRules(sample), bestEpoch: -1 });
          expect(third.remove).toEqual([]);
        });
      }),
      { numRuns: 100 },
    );
  });
});
