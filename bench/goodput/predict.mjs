// What the simulation predicts for the runs that were measured, from what they cost.
import { median } from '../lib/statistics.mjs';

/** `{ id: { goodput, … } }` for the runs of supervise, from the measured restart, step and save. */
export async function predictMeasured({ kills, everyMs, windowMs, timesMs }) {
  const { simulate } = await import('../../dist/simulation/index.js');
  const { rulesOf } = await import('../../dist/supervisor/resolve-rules.js');
  const { experimentSchema } = await import('../../dist/config/schema.js');
  const config = experimentSchema.parse({
    experiment_name: 'goodput',
    epochs: 100_000,
    restart: { initial_delay_ms: 0, max_delay_ms: 0, expected_mtbf_ms: everyMs },
  });
  const rules = rulesOf(config);
  const policies = {
    'supervise-spare': { saving: 'auto', warmSpare: true, rules },
    'supervise-steps': { saving: 'auto', warmSpare: false, rules },
    supervise: { saving: 'epoch', warmSpare: false, rules },
  };
  const rows = kills.filter(({ id, mttr_ms }) => policies[id] !== undefined && mttr_ms.length > 0);
  return Object.fromEntries(
    rows.map((row) => {
      const stepSecs = row.step_ms / 1000;
      const mttrSecs = median(row.mttr_ms) / 1000;
      const scenario = {
        workload: { epochs: 100_000, epochSecs: (row.epoch_ms || 120 * row.step_ms) / 1000 },
        costs: {
          saveStallSecs: row.save_gap_ms / 1000,
          saveSecs: row.save_ms === undefined ? assumedSaveSecs : row.save_ms / 1000,
          prepareSecs: 0,
          startSecs: mttrSecs,
          spareStartSecs: mttrSecs,
          spareLoadSecs: 0,
          replaceSecs: 0,
          heartbeatSecs: Math.max(0.25, stepSecs),
          unnoticedSecs: 600,
        },
        machines: { count: 1, lifetime: { meanSecs: everyMs / 1000, shape: 1 }, hangShare: 0, lostShare: 0 },
        policy: policies[row.id],
        seed: 1,
        mostSecs: 4 * 3600,
      };
      // Of the same kills, and of any: what a few minutes of one schedule say is not yet what the mean is.
      const long = simulate(scenario);
      const failures = timesMs.map((ms) => ({ at: ms / 1000 + mttrSecs, kind: 'crash' }));
      const same = simulate({ ...scenario, failures, mostSecs: windowMs / 1000 + mttrSecs });
      return [row.id, { same_schedule: usefulShare(same, mttrSecs), long_run: usefulShare(long, 0) }];
    }),
  );
}

/** A background save of two megabytes, where none was measured. */
const assumedSaveSecs = 0.2;

const usefulShare = ({ usefulSecs, unsavedSecs, wallSecs }, startSecs) =>
  (usefulSecs + unsavedSecs) / (wallSecs - startSecs);
