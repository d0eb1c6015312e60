import { describe, expect, test } from 'vitest';
import { expectedEttr, predict, simulate, tryIntervals } from '../../src/simulation/index.js';
import { autoIntervalSecs } from '../../src/trainer/loop/save-policy.js';
import { rules, scenario } from './support.js';

const sum = (parts: Readonly<Record<string, number>>) => Object.values(parts).reduce((total, part) => total + part, 0);

describe('simulate', () => {
  test('machines that never fail cost the start and the saves', () => {
    const run = simulate(
      scenario({ machines: { lifetime: { meanSecs: 1e15, shape: 1 } }, policy: { saving: 'epoch' } }),
    );
    expect(run).toMatchObject({ end: 'completed', faults: 0, relaunches: 0, falseKills: 0 });
    expect(run.usefulSecs).toBeCloseTo(40 * 5400, 3);
    // The start, 39 stalls, and the last checkpoint until it is on disk.
    expect(run.wallSecs).toBeCloseTo(40 * 5400 + 61 + 39 * 2 + 20, 3);
  });

  test.each([
    ['crashes', {}],
    ['hangs', { hangShare: 1 }],
    ['lost machines', { lostShare: 1 }],
    ['all of them, in bursts', { hangShare: 0.3, lostShare: 0.3, lifetime: { meanSecs: 7200, shape: 0.7 } }],
  ])('%s: the run is completed, no time goes missing, and nothing is killed for nothing', (_, machines) => {
    for (const seed of [1, 2, 3]) {
      const run = simulate(scenario({ seed, machines }));
      expect(run.end).toBe('completed');
      expect(run.faults).toBeGreaterThan(5);
      expect(sum(run.parts)).toBeCloseTo(run.wallSecs, 3);
      expect(run.usefulSecs).toBeCloseTo(40 * 5400, 3);
      expect(run.parts.training).toBeGreaterThanOrEqual(run.usefulSecs - 1e-3);
      expect(run.falseKills).toBe(0);
      expect(run.hangsDetected > 0).toBe('hangShare' in machines);
    }
  });

  test('a hang is noticed by the rhythm of the signs, and costs hours where nobody looks', () => {
    const hanging = scenario({ machines: { hangShare: 1 } });
    const watched = simulate(hanging);
    expect(watched.parts.hanging / watched.hangsDetected).toBeLessThan(60 + 120 + 10);
    const blind = simulate({ ...hanging, policy: { ...hanging.policy, rules: { ...rules, hang: undefined } } });
    expect(blind.hangsDetected).toBe(0);
    expect(blind.parts.hanging).toBeGreaterThan(50 * watched.parts.hanging);
  });

  describe('without heartbeats', () => {
    const silent = (changes: Parameters<typeof scenario>[0] = {}) =>
      scenario({ ...changes, workload: { hasHeartbeats: false, ...changes.workload }, policy: { saving: 'epoch' } });
    const hangsIn = (epoch: number) => [{ at: 61 + (epoch - 0.5) * 5400, kind: 'hang' }] as const;

    test.each([2, 3, 20])('a hang in epoch %d is noticed by the time that epochs took', (epoch) => {
      const run = simulate(silent({ failures: hangsIn(epoch) }));
      expect(run).toMatchObject({ end: 'completed', relaunches: 1, hangsDetected: 1, falseKills: 0 });
      expect(run.parts.hanging / 5400).toBeGreaterThan(4);
      expect(run.parts.hanging / 5400).toBeLessThan(6.2);
    });

    test('of a hang in the first one nothing can tell', () => {
      expect(simulate(silent({ failures: hangsIn(1) }))).toMatchObject({ end: 'broken off', hangsDetected: 0 });
    });

    test.each([10, 60, 5400, 86_400])('nothing is killed for nothing while epochs take %d s', (epochSecs) => {
      for (const seed of [1, 2, 3]) {
        const costs = { saveStallSecs: epochSecs / 10, saveSecs: epochSecs / 5 };
        const machines = { lifetime: { meanSecs: 4 * epochSecs + 600, shape: 0.7 } };
        const epochs = Math.max(40, 6000 / epochSecs);
        const run = simulate(silent({ seed, costs, machines, workload: { epochs, epochSecs } }));
        expect(run).toMatchObject({ falseKills: 0, hangsDetected: 0 });
        expect(run.relaunches).toBeGreaterThan(0);
      }
    });
  });

  test('a run without end of epochs is not given up as long as checkpoints inside them grow', () => {
    const one = scenario({ workload: { epochs: 1, epochSecs: 500 * 3600 } });
    expect(simulate(one)).toMatchObject({ end: 'completed' });
    expect(simulate({ ...one, policy: { ...one.policy, saving: 'epoch' } })).toMatchObject({
      end: 'gaveUp',
      explanation: expect.stringContaining('10 restarts in a row saved no new work'),
    });
  });

  test('the same seed gives the same run, another one another', () => {
    expect(simulate(scenario())).toEqual(simulate(scenario()));
    expect(simulate(scenario()).wallSecs).not.toBe(simulate(scenario({ seed: 2 })).wallSecs);
  });

  test('16,384 GPUs, 54 days of training', () => {
    const run = simulate(
      scenario({
        workload: { epochs: 54, epochSecs: 86_400 },
        costs: { startSecs: 300, saveSecs: 60 },
        machines: {
          count: 2048,
          lifetime: { meanSecs: (2048 * 54 * 86_400) / 419, shape: 0.75 },
          hangShare: 0.13,
          lostShare: 0.3,
        },
      }),
    );
    expect(run.end).toBe('completed');
    expect(run.faults).toBeGreaterThan(350);
    // Reported for that run: more than 90 %.
    expect(run.usefulSecs / run.wallSecs).toBeGreaterThan(0.9);
  });
});

describe('the interval', () => {
  test('the formula for the expected ETTR is met', () => {
    const saving = { everySecs: 900 };
    const given = scenario({ policy: { saving } });
    // The formula takes failures to be rare: it is first order in restart and interval over the mean time between failures.
    expect(Math.abs(predict(given, 8).ettr - expectedEttr(given, 900))).toBeLessThan(0.01);
  });

  test.each([
    ['a workstation', { saveStallSecs: 2, saveSecs: 20 }, 3 * 3600],
    ['a run that fails every minute', { saveStallSecs: 0.2, saveSecs: 0.4, startSecs: 2, prepareSecs: 0.1 }, 60],
  ])('%s: what Young and Daly say loses no more than the best of thirteen intervals', (_, costs, meanSecs) => {
    const given = scenario({
      workload: { epochs: 12, epochSecs: 2 * meanSecs },
      costs: { ...costs, heartbeatSecs: meanSecs / 200 },
      machines: { lifetime: { meanSecs, shape: 1 } },
      policy: { rules: { ...rules, initialDelayMs: 0, maxDelayMs: 0 } },
    });
    const said = autoIntervalSecs({ stallSecs: costs.saveStallSecs, durationSecs: costs.saveSecs, mtbfSecs: meanSecs });
    const [best] = tryIntervals(given, said, 2);
    const auto = predict(given, 2);
    expect(best?.goodput).toBeGreaterThan(0.7);
    // The policy does not know the mean time between failures: it learns it during the run.
    expect(auto.goodput).toBeGreaterThan((best?.goodput ?? 1) - 0.01);
  });
});
