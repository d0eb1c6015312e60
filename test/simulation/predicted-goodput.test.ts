import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { comparedPolicies, measuredHangShare, predict } from '../../src/simulation/index.js';
import { rules, scenario } from './support.js';

const minute = 60;
const hour = 3600;

/** Runs of different sizes; every failure comes at the same time whatever the policy, so that small losses show. */
const runs = {
  'laptop, a fault a minute': scenario({
    workload: { epochs: 60, epochSecs: 20 },
    costs: {
      saveStallSecs: 0.01,
      saveSecs: 0.1,
      prepareSecs: 0.01,
      startSecs: 1.5,
      spareStartSecs: 0.2,
      spareLoadSecs: 2,
      heartbeatSecs: 0.25,
      unnoticedSecs: 10 * minute,
    },
    machines: { lifetime: { meanSecs: minute, shape: 1 } },
  }),
  'workstation, a fault in six hours': scenario({
    workload: { epochs: 60, epochSecs: 2 * hour },
    costs: { saveStallSecs: 0.5, saveSecs: 10 },
    machines: { lifetime: { meanSecs: 6 * hour, shape: 0.75 }, hangShare: measuredHangShare },
  }),
  '512 GPUs': scenario({
    workload: { epochs: 20, epochSecs: 8 * hour },
    costs: { saveStallSecs: 1, saveSecs: 30, startSecs: 180 },
    machines: {
      count: 64,
      lifetime: { meanSecs: 150 * 24 * hour, shape: 0.75 },
      hangShare: measuredHangShare,
      lostShare: 0.3,
    },
  }),
  '16,384 GPUs': scenario({
    workload: { epochs: 10, epochSecs: 24 * hour },
    mostSecs: 30 * 24 * hour,
    costs: { saveStallSecs: 1, saveSecs: 60, startSecs: 300 },
    machines: {
      count: 2048,
      lifetime: { meanSecs: 264 * 24 * hour, shape: 0.75 },
      hangShare: measuredHangShare,
      lostShare: 0.3,
    },
  }),
} as const;

const stored = new URL('predicted-goodput.json', import.meta.url);

/** A change of policy that loses more than this of any run's wall time has to be wanted. */
const tolerance = 0.002;

const predictAll = () =>
  Object.fromEntries(
    Object.entries(runs).map(([name, given]) => [
      name,
      Object.fromEntries(
        comparedPolicies(rules).map(({ name: policyName, policy }) => {
          const { goodput, completedShare } = predict({ ...given, policy }, 3);
          return [policyName, { goodput: Number(goodput.toFixed(4)), completedShare }];
        }),
      ),
    ]),
  );

describe('predicted goodput', () => {
  const predicted = predictAll();
  // SIMULATION_UPDATE=1 takes a change over that is wanted.
  if (process.env['SIMULATION_UPDATE'] === '1') writeFileSync(stored, `${JSON.stringify(predicted, null, 2)}\n`);
  const before = JSON.parse(readFileSync(stored, 'utf8')) as typeof predicted;

  test.each(Object.keys(runs))('%s: no policy loses any', (name) => {
    for (const [policy, { goodput, completedShare }] of Object.entries(before[name] ?? {})) {
      expect(predicted[name]?.[policy]?.goodput, policy).toBeGreaterThan(goodput - tolerance);
      expect(predicted[name]?.[policy]?.completedShare, policy).toBeGreaterThanOrEqual(completedShare);
    }
    expect(Object.keys(before[name] ?? {})).toEqual(Object.keys(predicted[name] ?? {}));
  });

  test.each(Object.keys(runs))('%s: what is built in is worth it', (name) => {
    const of = (policy: string) => predicted[name]?.[policy]?.goodput ?? Number.NaN;
    expect(of('auto')).toBeGreaterThan(of('epochs'));
    expect(of('auto, warm spare')).toBeGreaterThan(of('auto'));
    expect(of('auto, warm spare')).toBeGreaterThan(of('restart loop, epochs'));
  });
});
