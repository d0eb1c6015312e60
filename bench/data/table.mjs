// The generated section of docs/data.md.

/** Markdown: one table, and what it was measured on. */
export function renderDataTable({ machine, steps, stepMs, rounds, rows }) {
  const lines = rows.map((row) => {
    const name = row.version === undefined ? row.name : `${row.name} ${row.version}`;
    const cells = [
      `${row.file}, ${row.gigabytes} GB`,
      name,
      row.open_ms,
      row.lines_per_s,
      `${row.wait_ms_per_step} ms (${row.wait_percent} %)`,
      `${row.peak_rss_mb} (${row.peak_rss_mb - row.base_rss_mb} above its start)`,
    ];
    return `| ${cells.join(' | ')} |`;
  });
  return [
    `| file | reader | open, ms | lines/s, nothing else to do | wait in a step of ${stepMs} ms | peak memory, MB |`,
    '| --- | --- | ---: | ---: | ---: | ---: |',
    ...lines,
    '',
    `Lines of 1024 × 128 pixels in batches of 4, ${steps} steps, medians of ${rounds} rounds, files out of the page cache; ${machine.cores} cores (${machine.cpu}, load ${machine.load}), Linux ${machine.kernel}, Node ${machine.node}, ${machine.date}. A step keeps the main thread busy all the time. tf.data shuffles through 256 lines in any file, supervise a plain file as a whole; tf.data's way of opening does not count the records, supervise's does, for a compressed file once in its life.`,
  ].join('\n');
}
