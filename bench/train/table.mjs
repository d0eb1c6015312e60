// The figures as Markdown, with the goals and whether they are met.
import { listPeers } from './peers.mjs';

/** Renders a report of bench/train.mjs. */
export function renderTrainTable({ machine, rounds, rows = [], start, flat, secs = {} }) {
  const { date, cores, cpu, kernel, node, load } = machine;
  return [
    `${date}, ${cores} cores (${cpu}), Linux ${kernel}, Node ${node}; load at the start ${load}; medians of ${rounds} rounds, in turns.`,
    '',
    ...(rows.length > 0
      ? [...stepTable(rows), '', ...stepGoals(rows), ...cardLines(rows), ...leftOutLines(rows), '']
      : []),
    ...(start === undefined ? [] : [...startLines(start), '']),
    ...(flat === undefined ? [] : [...flatLines(flat), '']),
    `It took ${Object.values(secs).reduce((total, each) => total + each, 0)} s (${Object.entries(secs)
      .map(([name, each]) => `${name} ${each}`)
      .join(', ')}).`,
  ].join('\n');
}

function stepTable(rows) {
  const peers = listPeers('').filter(({ key }) => rows.some((row) => row[key] !== undefined));
  return [
    `| ms a step, batch 4 | ${peers.map(({ title }) => title).join(' | ')} |`,
    `| --- | ${peers.map(() => '---').join(' | ')} |`,
    ...rows.map((row) => `| ${row.title} | ${peers.map(({ key }) => format(row[key])).join(' | ')} |`),
  ];
}

function stepGoals(rows) {
  return rows.flatMap((row) => {
    const ratio = (a, b) => (row[a] === undefined || row[b] === undefined ? undefined : row[a] / row[b]);
    const most = row.case === 'unet-f8' ? 6 : 10;
    const goals = [
      ['captured ≤ 0.9 × Python TensorFlow', ratio('captured_ms', 'tensorflow_graph_ms'), 0.9],
      ['captured ≤ 0.9 × Python TensorFlow with oneDNN', ratio('captured_ms', 'tensorflow_onednn_ms'), 0.9],
      ['captured ≤ PyTorch', ratio('captured_ms', 'torch_ms'), 1],
      ['captured ≤ PyTorch compiled', ratio('captured_ms', 'torch_compiled_ms'), 1],
      [`wasm ≤ ${most} × captured`, ratio('wasm_ms', 'captured_ms'), most],
    ];
    return goals
      .filter(([, value]) => value !== undefined)
      .map(([text, value, limit]) => `- ${verdict(value <= limit)}: ${row.title}: ${text} (${value.toFixed(2)})`);
  });
}

function cardLines(rows) {
  const titles = new Map(listPeers('').map(({ key, title }) => [key, title]));
  return rows.flatMap(({ title, utilisation = {} }) =>
    Object.entries(utilisation).map(
      ([key, percent]) => `- ${titles.get(key)}, ${title}: the card computes ${percent} % of the time`,
    ),
  );
}

function leftOutLines(rows) {
  const titles = new Map(listPeers('').map(({ key, title }) => [key, title]));
  return rows.flatMap(({ title, left_out = {} }) =>
    Object.entries(left_out).map(([key, reason]) => `- left out: ${titles.get(key)}, ${title}: ${reason}`),
  );
}

function startLines(start) {
  const limits = { tensorflow: 4000, wasm: 1500 };
  return [
    '| from the command line to the end of the first step of the quickstart, ms | median | least | most |',
    '| --- | --- | --- | --- |',
    ...Object.entries(start).map(
      ([name, { median, least, most }]) => `| ${name} | ${format(median)} | ${format(least)} | ${format(most)} |`,
    ),
    '',
    ...Object.entries(start).map(
      ([name, { median }]) => `- ${verdict(median <= limits[name])}: ${name}: at most ${limits[name]} ms`,
    ),
  ];
}

function flatLines(flat) {
  const rows = Object.entries(flat).map(([name, { held, computedMs, loopMs }]) => {
    const first = held.slice(0, Math.min(5, held.length - 1));
    // What the garbage collector leaves goes up and down: flat is what needs no more later than it did at first.
    const residentMb = Math.max(...first.map((each) => each.residentMb));
    const [early, late] = [{ ...first.at(-1), residentMb }, held.at(-1)];
    return { name, early, late, overhead: (100 * (loopMs - computedMs)) / loopMs };
  });
  const change = (early, late) => `${format(early)} → ${format(late)}`;
  return [
    `| after epoch 5 → ${Object.values(flat)[0]?.held.length} of 50 steps of 2 lines and a save each | tensors | native handles | bytes of tensors, MB | resident, MB: most so far → then | of an epoch no step, % |`,
    '| --- | --- | --- | --- | --- | --- |',
    ...rows.map(
      ({ name, early, late, overhead }) =>
        `| ${name} | ${change(early.tensors, late.tensors)} | ${change(early.handles, late.handles)} | ${change(early.bytes / 1e6, late.bytes / 1e6)} | ${change(early.residentMb, late.residentMb)} | ${overhead.toFixed(1)} |`,
    ),
    '',
    ...rows.flatMap(({ name, early, late, overhead }) => [
      `- ${verdict(early.tensors === late.tensors && early.handles === late.handles)}: ${name}: tensors and handles flat`,
      `- ${verdict(late.residentMb <= early.residentMb * 1.05)}: ${name}: resident memory flat`,
      `- ${verdict(overhead <= 3)}: ${name}: data, metrics and logging at most 3 % of an epoch`,
    ]),
  ];
}

function verdict(isMet) {
  return isMet ? 'met' : '**not met**';
}

function format(value) {
  if (value === undefined) return '–';
  return value >= 100 ? Math.round(value).toLocaleString('en') : String(Math.round(value * 10) / 10);
}
