import type { Scenario } from '../../src/simulation/index.js';
import type { Rules } from '../../src/supervisor/rules.js';

const hour = 3600;

/** The defaults of an experiment. */
export const rules: Rules = {
  epochsTotal: 40,
  initialDelayMs: 1000,
  maxDelayMs: 300_000,
  maxRestarts: 1000,
  maxRestartsWithoutProgress: 10,
  window: undefined,
  maxHalvings: 0,
  maxRollbacks: 3,
  expectedMtbfMs: 10_800_000,
  hang: { floorMs: 60_000, capMs: 1_800_000, startupCapMs: 1_800_000, factor: 5 },
  stopGraceMs: 120_000,
  killWaitMs: 10_000,
  settleMs: 60_000,
  lingerMs: 120_000,
  recheckMs: 2000,
  maxWaitMs: 86_400_000,
  upload: undefined,
  failureRules: [],
};

type Changes = {
  readonly [Key in keyof Scenario]?: Scenario[Key] extends object ? Partial<Scenario[Key]> : Scenario[Key];
};

/** Forty epochs of an hour and a half on one machine that fails every three hours, always by a crash. */
export function scenario(changes: Changes = {}): Scenario {
  const { workload, costs, machines, policy, ...rest } = changes;
  return {
    workload: { epochs: 40, epochSecs: 1.5 * hour, ...workload },
    costs: {
      saveStallSecs: 2,
      saveSecs: 20,
      prepareSecs: 1,
      startSecs: 60,
      spareStartSecs: 5,
      spareLoadSecs: 60,
      replaceSecs: 15 * 60,
      heartbeatSecs: 10,
      unnoticedSecs: 4 * hour,
      ...costs,
    },
    machines: { count: 1, lifetime: { meanSecs: 3 * hour, shape: 1 }, hangShare: 0, lostShare: 0, ...machines },
    policy: { saving: 'auto', warmSpare: false, rules, ...policy },
    seed: 1,
    mostSecs: 10_000 * hour,
    ...rest,
  };
}
