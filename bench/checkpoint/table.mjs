// The generated section of docs/checkpoints.md.

/** Markdown: tables of speeds, one of stalls, and what they were measured on. */
export function renderCheckpointTable({ machine, results, stalls }) {
  const dates = [...new Set([machine, ...results, ...stalls].map(({ date }) => date ?? machine.date))]
    .sort()
    .join(' and ');
  const rounds = results.map(({ megabytes, rounds: done }) => `${done} (${megabytes} MB)`).join(', ');
  return [
    '| state, MB | save by | MB/s, of dd | extra memory, MB |',
    '| ---: | --- | ---: | ---: |',
    ...results.flatMap(({ megabytes, dd, saves }) => [
      `| ${megabytes} | dd, the limit | ${Math.round(dd.save_mb_per_s)} |  |`,
      ...saves.map((row) => line(megabytes, nameOf(row), share(row.mb_per_s, dd.save_mb_per_s), row.extra_mb)),
    ]),
    '',
    '| state, MB | restore by | into | MB/s, of dd | third time in the same process | extra memory, MB |',
    '| ---: | --- | --- | ---: | ---: | ---: |',
    ...results.flatMap(({ megabytes, dd, restores }) => [
      `| ${megabytes} | dd, the limit | nothing | ${Math.round(dd.restore_mb_per_s)} |  |  |`,
      ...restores.map((row) => {
        const speeds = [row.mb_per_s, row.again_mb_per_s].map((speed) => share(speed, dd.restore_mb_per_s));
        return line(megabytes, nameOf(row), row.into, ...speeds, row.extra_mb);
      }),
    ]),
    '',
    ...(stalls.length > 0 ? [...renderStalls(stalls), ''] : []),
    `Medians of interleaved rounds on one disk, ${rounds}; ${machine.cores} cores (${machine.cpu}), Linux ${machine.kernel}, Node ${machine.node}, ${dates}. A save counts until its files are flushed. A restore starts with an empty page cache, in a new process that has loaded its code and made what it restores into; up to 200 MB, that process then restores twice more. Extra memory is the peak of the first beyond the state itself.`,
  ].join('\n');
}

function line(...cells) {
  return `| ${cells.map((cell) => (typeof cell === 'number' ? Math.round(cell) : cell)).join(' | ')} |`;
}

function share(speed, limit) {
  return speed === undefined ? '' : `${Math.round(speed)} (${Math.round((100 * speed) / limit)} %)`;
}

function nameOf({ tool, version }) {
  return tool === 'ours' ? tool : `${tool} ${version}`;
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
