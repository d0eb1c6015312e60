import { type Experiment, mostHalvings, remoteSettings } from '../config/index.js';
import { toFailureRules } from './own-rules.js';
import type { Rules } from './rules.js';

/** Long enough for the first step of a big model; a trainer with heartbeats is called running by them. */
const settleMs = 60_000;

/** What an experiment decides for the supervisor. */
export function rulesOf(config: Experiment): Rules {
  const { restart, hang, epochs } = config;
  const remote = remoteSettings(config);
  return {
    epochsTotal: epochs,
    initialDelayMs: restart.initial_delay_ms,
    maxDelayMs: restart.max_delay_ms,
    maxRestarts: restart.max_restarts,
    maxRestartsWithoutProgress: restart.max_restarts_without_progress,
    window:
      restart.max_restarts_per_window === undefined
        ? undefined
        : { maxRestarts: restart.max_restarts_per_window, lengthMs: restart.window_ms },
    maxHalvings: mostHalvings(config),
    maxRollbacks: config.rollback.max_rollbacks,
    expectedMtbfMs: restart.expected_mtbf_ms,
    hang: hang.enabled
      ? { floorMs: hang.min_ms, capMs: hang.max_ms, startupCapMs: hang.startup_max_ms, factor: hang.factor }
      : undefined,
    stopGraceMs: restart.stop_grace_ms,
    killWaitMs: 10_000,
    settleMs,
    lingerMs: restart.stop_grace_ms,
    recheckMs: 2000,
    maxWaitMs: restart.max_wait_ms,
    upload: remote === undefined ? undefined : { completedMs: remote.finalWaitMs, stoppedMs: remote.stopWaitMs },
    failureRules: toFailureRules(config.failure_rules),
  };
}
