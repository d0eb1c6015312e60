// The generated section of docs/checkpoints.md.

/** Markdown: one table, and what it was measured on. */
export function renderCheckpointTable({ machine, rounds, results }) {
  const rows = results.flatMap(({ megabytes, figures }) =>
    Object.entries(figures).map(([name, own]) => {
      const share = (measure) =>
        name === 'dd' ? '' : ` (${Math.round((100 * own[measure]) / figures.dd[measure])} %)`;
      const extra =
        own.save_extra_mb === undefined ? ['', ''] : [own.save_extra_mb, own.restore_extra_mb].map(Math.round);
      const label = name === 'dd' ? 'dd, the limit' : `${name}${name === 'ours' ? '' : ` ${own.version}`}`;
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
    `Medians of ${rounds} interleaved rounds on one disk; ${machine.cores} cores (${machine.cpu}), Linux ${machine.kernel}, Node ${machine.node}, ${machine.date}. A save counts until its files are flushed, a restore starts with an empty page cache. Extra memory is the peak beyond the state itself.`,
  ].join('\n');
}
