// The generated section of docs/checkpoints.md.

/** Markdown: tables of speeds, one of stalls, and what they were measured on. */
export function renderCheckpointTable({ machine, results, stalls }) {
  const dates = [...new Set([machine, ...results, ...stalls].map(({ date }) => date ?? machine.date))]
    .sort()
    .join(' and ');
  const rounds = results.map(({ megabytes, rounds: done }) => `${done} (${megabytes} MB)`).join(', ');
  return [
    '| state, MB | save by | MB/s | best round | of dd beside it | extra memory, MB | processor, s per GB |',
    '| ---: | --- | ---: | ---: | ---: | ---: | ---: |',
    ...results.flatMap(({ megabytes, dd, saves }) => [
      line(megabytes, 'dd, the limit', dd.save_mb_per_s, dd.save_best_mb_per_s, '', '', ''),
      ...saves.map((row) => line(megabytes, nameOf(row), ...speeds(row), row.extra_mb, perGb(row, megabytes))),
    ]),
    '',
    '| state, MB | restore by | into | MB/s | best round | of dd beside it | of dd into new memory | third time in the same process, of dd | extra memory, MB | processor, s per GB |',
    '| ---: | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |',
    ...results.flatMap(({ megabytes, dd, restores }) => [
      line(megabytes, 'dd, the limit', 'nothing', dd.restore_mb_per_s, dd.restore_best_mb_per_s, '', '', '', '', ''),
      line(megabytes, 'dd, as one block', 'new memory', dd.fresh_mb_per_s, dd.fresh_best_mb_per_s, '', '', '', '', ''),
      ...restores.map((row) => {
        const { into, again_mb_per_s: again, again_of_dd: share, of_fresh_dd: fresh } = row;
        const third = again === undefined ? '' : `${Math.round(again)} (${percent(share)})`;
        const ofFresh = fresh === undefined ? '' : percent(fresh);
        return line(megabytes, nameOf(row), into, ...speeds(row), ofFresh, third, row.extra_mb, perGb(row, megabytes));
      }),
    ]),
    '',
    ...(stalls.length > 0 ? [...renderStalls(stalls), ''] : []),
    `Medians of interleaved rounds on one disk, ${rounds}; ${machine.cores} cores (${machine.cpu}), Linux ${machine.kernel}, Node ${machine.node}, ${dates}. *Of dd beside it* is the median of each round's own comparison: with dd right before and right after, reading the same file, or writing as much (500 MB at most)${swings(results)}. Before each action another process wrote three times as much free memory as the state has (500 MB at least), so that none of them waits for the host of a virtual machine to give memory back. A save counts until its files are flushed. *Of dd into new memory* is the same with dd that reads the file as one block right after: into memory that it has to touch first, as whoever makes new arrays. A restore starts with an empty page cache, in a new process that has loaded its code and made what it restores into; up to 200 MB, that process then restores twice more. Extra memory is the peak of the first beyond the state itself, the processor's seconds are user and system together.`,
  ].join('\n');
}

/** How far the disk's own speed swung. */
function swings(results) {
  const said = results.map(({ megabytes, dd }) => {
    const [least, best] = [dd.restore_least_mb_per_s, dd.restore_best_mb_per_s].map((speed) => Math.round(speed));
    return `${least} to ${best} MB/s (${megabytes} MB)`;
  });
  return said.length > 0 ? `; it read at ${said.join(', ')}` : '';
}

function line(...cells) {
  return `| ${cells.map((cell) => (typeof cell === 'number' ? Math.round(cell) : cell)).join(' | ')} |`;
}

function speeds({ mb_per_s, best_mb_per_s, of_dd }) {
  return [mb_per_s, best_mb_per_s, percent(of_dd)];
}

function perGb({ cpu_seconds }, megabytes) {
  return ((1000 * cpu_seconds) / megabytes).toFixed(1);
}

function percent(share) {
  return `${Math.round(100 * share)} %`;
}

function nameOf({ tool, version }) {
  return tool === 'ours' ? tool : `${tool} ${version}`;
}

function renderStalls(stalls) {
  const exactly = (share) => `${(100 * share).toFixed(1)} %`;
  return [
    '| state, MB | backend | training stands still, `async: false`, ms | in the background, ms | the whole save, ms | stall, of the save | stall, of the training at the `auto` interval |',
    '| ---: | --- | ---: | ---: | ---: | ---: | ---: |',
    ...stalls.map((row) => {
      const times = [row.sync_stall_ms, row.async_stall_ms, row.save_ms].map((ms) => ms.toFixed(ms < 10 ? 1 : 0));
      const interval = Math.round(row.auto_interval_secs);
      const shares = [exactly(row.share_of_save), `${exactly(row.share_of_training)} (${interval} s)`];
      return `| ${[row.megabytes, row.backend, ...times, ...shares].join(' | ')} |`;
    }),
    '',
    "The training is of 64 dense layers by Adam, on batches of 32. What the step after a save takes longer than others counts as standing still: TensorFlow's state is copied meanwhile. The `auto` interval is that of one failure an hour.",
  ];
}
