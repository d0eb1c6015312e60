// What the rounds of one size have given.
import { median } from '../lib/statistics.mjs';

/** `add(row, values)` takes the values of one round; `describe()` gives the figures of all so far, for a state of so many bytes. */
export function createFigures(bytes) {
  const rows = new Map();
  const speed = (seconds) => round1(bytes / 1e6 / seconds);
  const ofDd = (seconds, dd) => Math.round(1000 * median(seconds.map((own, round) => dd[round] / own))) / 1000;
  const describeRow = ({ name, into, values }) => ({
    tool: name,
    ...(into !== undefined && { into }),
    version: values.version[0],
    mb_per_s: speed(median(values.seconds)),
    best_mb_per_s: speed(Math.min(...values.seconds)),
    of_dd: ofDd(values.seconds, values.dd),
    ...(values.freshDd && { of_fresh_dd: ofDd(values.seconds, values.freshDd) }),
    ...(values.again && {
      again_mb_per_s: speed(median(values.again)),
      again_best_mb_per_s: speed(Math.min(...values.again)),
      again_of_dd: ofDd(values.again, values.againDd),
    }),
    extra_mb: round1(Math.max(0, median(values.extra_mb))),
    cpu_seconds: Math.round(1000 * median(values.cpu_seconds)) / 1000,
    page_faults: median(values.page_faults),
  });
  return {
    add: (row, values) => {
      const key = JSON.stringify(row);
      if (!rows.has(key)) rows.set(key, { ...row, values: {} });
      const own = rows.get(key).values;
      for (const [name, value] of Object.entries(values)) own[name] = [...(own[name] ?? []), value];
    },
    describe: () => {
      const of = (wanted) => [...rows.values()].filter(({ action }) => action === wanted);
      const ddOf = (wanted) => of(wanted).flatMap(({ values }) => [...values.dd, ...(values.againDd ?? [])]);
      const [saves, restores] = [ddOf('save'), ddOf('restore')];
      const fresh = of('restore').flatMap(({ values }) => values.freshDd ?? []);
      return {
        dd: {
          save_mb_per_s: speed(median(saves)),
          save_best_mb_per_s: speed(Math.min(...saves)),
          restore_mb_per_s: speed(median(restores)),
          restore_best_mb_per_s: speed(Math.min(...restores)),
          restore_least_mb_per_s: speed(Math.max(...restores)),
          fresh_mb_per_s: speed(median(fresh)),
          fresh_best_mb_per_s: speed(Math.min(...fresh)),
        },
        saves: of('save').map(describeRow),
        restores: of('restore').map(describeRow),
      };
    },
  };
}

function round1(value) {
  return Math.round(value * 10) / 10;
}
