// The generated section of docs/checkpoints.md.

/** Markdown: a table of speeds, one of stalls, and what they were measured on. */
export function renderCheckpointTable({ machine, results, stalls }) {
  const dates = [...new Set([machine, ...results, ...stalls].map(({ date }) => date ?? machine.date))]
    .sort()
    .join(' and ');
  const rounds = results.map(({ megabytes, rounds: done }) => `${done} (${megabytes} MB)`).join(', ');
  const rows = results.flatMap(({ megabytes, figures }) =>
    Object.entries(figures).map(([name, own]) => {
      const share = (measure) =>
        name === 'dd' ? '' : ` (${Math.round((100 * own[measure]) / figures.dd[measure])} %)`;
      const extra =
        own.save_extra_mb === undefined ? ['', ''] : [own.save_extra_mb, own.restore_extra_mb].map(Math.round);
      const label = name === 'dd' ? 'dd, the limit' : `${name}${name.startsWith('ours') ? '' : ` ${own.version}`}`;
      const speeds = ['save_mb_per_s', 'restore_mb_per_s'].map(
        (measure) => `${Math.round(own[measure])}${share(measure)}`,
      );
      return `| ${[megabytes, label, ...speeds, ...extra].join(' | ')} |`;
    }),
  );
  return [
    '| state, MB | tool | save, MB/s | restore, MB/s | extra memory of the save, MB | of the restore, MB |',
    '| ---: | --- | ---: | ---: | ---: | ---: |',
    ...rows,
    '',
    ...(stalls.length > 0 ? [...renderStalls(stalls), ''] : []),
    `Medians of interleaved rounds on one disk, ${rounds}, with three restores each; ${machine.cores} cores (${machine.cpu}), Linux ${machine.kernel}, Node ${machine.node}, ${dates}. A save counts until its files are flushed, a restore starts with an empty page cache. Extra memory is the peak beyond the state itself.`,
  ].join('\n');
}

function renderStalls(stalls) {
  const percent = (share) => `${(100 * share).toFixed(1)} %`;
  return [
    '| state, MB | backend | training stands still, `async: false`, ms | in the background, ms | the whole save, ms | stall, of the save | stall, of the training at the `auto` interval |',
    '| ---: | --- | ---: | ---: | ---: | ---: | ---: |',
    ...stalls.map((row) => {
      const times = [row.sync_stall_ms, row.async_stall_ms, row.save_ms].map((ms) => Math.round(ms));
      const interval = Math.round(row.auto_interval_secs);
      const shares = [percent(row.share_of_save), `${percent(row.share_of_training)} (${interval} s)`];
      return `| ${[row.megabytes, row.backend, ...times, ...shares].join(' | ')} |`;
    }),
    '',
    'On TensorFlow, which might leave copying to the next step, that step counts as standing still as far as it takes longer than one without a copy before it. The `auto` interval is that of one failure an hour.',
  ];
}
