// The figures as a table on the terminal and as the generated part of docs/benchmarks.md.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeSection } from './write-section.mjs';

/** Order, titles and goals of the measures; a goal says whether the figures of a run meet it. */
const measures = [
  {
    name: 'relaunch',
    title: 'From the death of the child to the first instruction of the next one, ms',
    columns: timeColumns,
    goals: [
      ['at most 4 ms at the median', ({ supervise }) => supervise.median <= 4],
      [
        'at most 1.8 × the floor: 4 ms where it takes the 2.2 ms of the machine for which the goal was set',
        ({ supervise, floor }) => floor && supervise.median <= (4 / 2.2) * floor.median,
      ],
      ['ahead of pm2', ({ supervise, pm2 }) => pm2 && supervise.median < pm2.median],
      ['ahead of forever', ({ supervise, forever }) => forever && supervise.median < forever.median],
      ['at most 1.5 × runit', ({ supervise, runit }) => runit && supervise.median <= 1.5 * runit.median],
    ],
  },
  {
    name: 'launch',
    title: 'From the command line to the first instruction of the child, ms',
    columns: timeColumns,
    goals: [
      ['at most 200 ms', ({ supervise }) => supervise.median <= 200],
      ['at most 0.6 × pm2', ({ supervise, pm2 }) => pm2 && supervise.median <= 0.6 * pm2.median],
    ],
  },
  { name: 'help', title: '`--help`, ms', columns: timeColumns, goals: [] },
  {
    name: 'idle',
    title: 'Beside a quiet child',
    columns: ({ residentMb, cpuMsPerMinute, processes }) => ({
      'resident MB': format(residentMb),
      'CPU ms a minute': format(cpuMsPerMinute),
      processes: String(processes),
    }),
    goals: [
      ['at most 50 MB resident', ({ supervise }) => supervise.residentMb <= 50],
      [
        'at most 1.23 × the floor: 50 MB where it takes the 40.6 MB of the machine for which the goal was set',
        ({ supervise, floor }) => floor && supervise.residentMb <= (50 / 40.6) * floor.residentMb,
      ],
      ['less resident memory than pm2', ({ supervise, pm2 }) => pm2 && supervise.residentMb < pm2.residentMb],
      ['at most 15 ms of CPU a minute', ({ supervise }) => supervise.cpuMsPerMinute <= 15],
    ],
  },
  {
    name: 'lines',
    title: 'A child that writes 1,000,000 lines of 100 bytes: how long it takes, ms, and lines kept',
    columns: (figure, reference) => ({
      ...timeColumns(figure, reference),
      'lines kept': figure.kept.toLocaleString('en'),
    }),
    goals: [['every line kept', ({ supervise }) => supervise.kept === 1_000_000]],
  },
];

function timeColumns(figure, reference) {
  return {
    median: format(figure.median),
    p95: format(figure.p95),
    'ratio to supervise': reference === undefined ? '' : (figure.median / reference.median).toFixed(2),
  };
}

/** Prints the tables of the measures that were taken, and which goals are met. */
export function printReport({ results }) {
  for (const { name, title, columns, goals } of measures) {
    const figures = results[name];
    if (figures === undefined) continue;
    console.log(`\n${title}`);
    console.table(mapValues(figures, (figure) => columns(figure, figures.supervise)));
    for (const [goal, isMet] of goals) console.log(`${isMet(figures) ? 'met    ' : 'NOT MET'}  ${goal}`);
  }
}

/** Rewrites the part of docs/benchmarks.md between the markers from what is in bench/results. */
export function writeDocs(root) {
  const generated = measures.flatMap((measure) => describeMeasure(root, measure)).join('\n');
  writeSection(join(root, 'docs/benchmarks.md'), 'bench', generated);
}

function describeMeasure(root, { name, title, columns, goals }) {
  const path = join(root, 'bench/results', `${name}.json`);
  if (!existsSync(path)) return [];
  const { machine, versions, figures } = JSON.parse(readFileSync(path, 'utf8'));
  const rows = Object.entries(figures).map(([subject, figure]) => [
    versions[subject] === undefined ? subject : `${subject} ${versions[subject]}`,
    ...Object.values(columns(figure, figures.supervise)),
  ]);
  const heads = ['', ...Object.keys(columns(Object.values(figures)[0], figures.supervise))];
  const counts = Object.values(figures)[0].count;
  const times = counts === undefined ? '' : ` ${counts} times each, interleaved.`;
  return [
    `### ${title}`,
    '',
    `${machine.date}, ${machine.cores} cores (${machine.cpu}), Linux ${machine.kernel}, Node ${machine.node}.${times}`,
    '',
    ...[heads, heads.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`),
    '',
    ...goals.map(([goal, isMet]) => `- ${isMet(figures) ? 'met' : '**not met**'}: ${goal}`),
    ...(goals.length > 0 ? [''] : []),
  ];
}

function mapValues(object, map) {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, map(value)]));
}

function format(value) {
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toFixed(1);
}
