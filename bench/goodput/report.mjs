// The figures on the terminal, and the generated part of docs/goodput.md.
import { join } from 'node:path';
import { median } from '../lib/statistics.mjs';
import { writeSection } from '../lib/write-section.mjs';
import { faultNames } from './run-fault.mjs';

const goal = 0.97;

/** Prints the tables and the goals. */
export function printReport(report) {
  for (const line of describe(report)) console.log(line);
}

/** Rewrites docs/goodput.md between the markers. */
export function writeDocs(root, report) {
  writeSection(join(root, 'docs/goodput.md'), 'goodput', describe(report).join('\n'));
}

function describe({ machine, every_ms, window_ms, times_ms, seed, kills, torch, faults, predicted }) {
  const inWords = (count) => (count === 1 ? 'one after the other' : `${count} side by side`);
  const lanes = inWords(machine.lanes);
  const torchLanes = machine.torch_lanes ?? machine.lanes;
  const aside = torchLanes === machine.lanes ? '' : `, ${inWords(torchLanes)}`;
  return [
    `${machine.date}, ${machine.cores} cores (${machine.cpu}), Linux ${machine.kernel}, Node ${machine.node}. ${window_ms / 1000} s from the first step, ${lanes}; one kill every ${every_ms / 1000} s on average, by seed ${seed} at ${times_ms.map((ms) => (ms / 1000).toFixed(0)).join(', ')} s.`,
    '',
    ...section('The reference trainer, at the size of the quickstart', kills, predicted),
    ...section(`A PyTorch trainer with steps of the same length${aside}`, torch),
    ...faultSection(faults),
    ...goalLines(kills, torch, faults),
  ];
}

function section(title, rows, predicted = {}) {
  if (rows.length === 0) return [];
  const hasPrediction = Object.keys(predicted).length > 0;
  const heads = ['', 'goodput', ...(hasPrediction ? ['predicted: same kills', 'predicted: long run'] : [])];
  const others = [
    'ETTR',
    'MTTR median, s',
    'MTTR p95, s',
    'lost per fault, s',
    'faults',
    'false kills',
    'ended by a fault',
  ];
  const cells = rows.map((row) => [
    row.title,
    row.goodput.toFixed(3),
    ...(hasPrediction
      ? [predicted[row.id]?.same_schedule, predicted[row.id]?.long_run].map((share) => share?.toFixed(3) ?? '')
      : []),
    row.ettr.toFixed(3),
    row.mttr_ms.length === 0 ? '–' : (median(row.mttr_ms) / 1000).toFixed(2),
    row.mttr_ms.length === 0 ? '–' : (p95(row.mttr_ms) / 1000).toFixed(2),
    row.lost_ms_per_fault === undefined ? '–' : (row.lost_ms_per_fault / 1000).toFixed(1),
    String(row.faults),
    String(Math.max(0, row.relaunches - row.faults)),
    String(row.ended),
  ]);
  return [`### ${title}`, '', ...table([[...heads, ...others], ...cells]), ''];
}

function faultSection(rows) {
  if (rows.length === 0) return [];
  const names = faultNames.filter((name) => rows.some(({ faults }) => faults[name] !== undefined));
  const cell = (outcome) => {
    if (outcome === undefined) return '';
    if (!outcome.survived) return outcome.gave_up ? 'no, given up with the reason' : 'no';
    return outcome.back_ms === undefined ? 'yes' : `yes, back after ${(outcome.back_ms / 1000).toFixed(1)} s`;
  };
  return [
    '### Other faults, with the PyTorch trainer: does the run go on?',
    '',
    ...table([['', ...names], ...rows.map(({ title, faults }) => [title, ...names.map((name) => cell(faults[name]))])]),
    '',
  ];
}

function goalLines(kills, torch, faults) {
  const best = kills.find(({ id }) => id === 'supervise-spare');
  const lines = [];
  if (best !== undefined) {
    lines.push([best.goodput >= goal, `goodput of at least ${goal}`]);
    const others = kills.filter(({ id }) => !id.startsWith('supervise-') && id !== 'supervise');
    lines.push([
      others.every((row) => isAhead(best, row)),
      'ahead of each of the others in goodput, ETTR, MTTR and lost work',
    ]);
  }
  const spared = torch.find(({ id }) => id === 'supervise-torch-spare');
  if (spared !== undefined)
    lines.push([
      torch.every((row) => row.id.startsWith('supervise-') || isAhead(spared, row)),
      'ahead of each of the others in each of these with the same PyTorch trainer',
    ]);
  const own = torch.find(({ id }) => id === 'supervise-torch');
  if (own !== undefined)
    lines.push([
      torch.every((row) => row.id.startsWith('supervise-') || own.goodput >= row.goodput - noise),
      'no less goodput than any other with the same PyTorch trainer by epochs only, within 0.01',
    ]);
  for (const name of faultNames) {
    const outcomes = faults.flatMap((row) =>
      row.faults[name] === undefined ? [] : [[row.id, row.faults[name].survived]],
    );
    if (outcomes.length > 0)
      lines.push([
        outcomes.every(([id, survived]) => survived === id.startsWith('supervise-')),
        `${name}: survived under supervise only`,
      ]);
  }
  return lines.map(([isMet, text]) => `- ${isMet ? 'met' : '**not met**'}: ${text}`);
}

const noise = 0.01;

function isAhead(own, other) {
  return (
    own.goodput > other.goodput &&
    own.ettr > other.ettr &&
    median(own.mttr_ms) < median(other.mttr_ms) &&
    own.lost_ms_per_fault < other.lost_ms_per_fault
  );
}

const table = ([heads, ...rows]) => [heads, heads.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);

function p95(values) {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.ceil(0.95 * sorted.length) - 1];
}
