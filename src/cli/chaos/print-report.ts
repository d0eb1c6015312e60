import {
  type ChaosReport,
  countEqual,
  type FaultRecord,
  type FaultSummary,
  findShortcomings,
  type Spread,
  summarize,
} from '../../chaos/index.js';
import { alignColumns, formatDuration } from '../format.js';

const headings = ['fault', 'injected', 'detected', 'recovered', 'to detect', 'to recover', 'work lost', 'seen as'];

/** The table of a campaign, with what is not as it is to be below it. */
export function describeReport(report: ChaosReport): string[] {
  const summaries = summarize(report);
  const { equal, compared } = countEqual(report);
  const falseKills = report.runs.reduce((sum, run) => sum + run.falseKills.length, 0);
  const done = report.runs.length < report.runsPlanned ? ` of ${report.runsPlanned}` : '';
  const refused = summaries.flatMap(({ fault, refused }) => refused.map((why) => `not injected: ${fault}: ${why}`));
  const shortcomings = findShortcomings(report);
  return [
    ...alignColumns([headings, ...summaries.filter(({ injected }) => injected > 0).map(toRow)]),
    '',
    `${report.runs.length}${done} runs of ${report.epochs} epochs, seed ${report.seed}; times are medians, with the greatest in brackets.`,
    `Final state equal to the unbroken run: ${equal} of ${compared}. False kills: ${falseKills}.`,
    ...refused,
    ...(shortcomings.length === 0
      ? [
          report.isInterrupted
            ? 'Interrupted; so far everything came as it is to be.'
            : 'Everything came as it is to be.',
        ]
      : shortcomings.map((text) => `✗ ${text}`)),
  ];
}

/** One line for a fault that is over. */
export function describeRecord(record: FaultRecord): string {
  const { fault, what, isInjected, isRecovered, recoverMs, seenAs, objection } = record;
  if (!isInjected) return `  - ${fault}: not injected: ${what}`;
  const mark = isRecovered && objection === null ? '✓' : '✗';
  const as = seenAs === null ? '' : `, seen as ${seenAs}`;
  const how = isRecovered ? `recovered after ${formatMs(recoverMs ?? 0)}${as}` : `not recovered from${as}`;
  return `  ${mark} ${fault}: ${what}; ${how}${objection === null ? '' : `; ${objection}`}`;
}

/** `12 ms`, `3.4 s`, or what people say of more. */
export function formatMs(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  return ms < 60_000 ? `${(ms / 1000).toFixed(1)} s` : formatDuration(ms / 1000);
}

function toRow({ fault, injected, detected, recovered, detectMs, recoverMs, lostMs, seenAs }: FaultSummary): string[] {
  return [
    fault,
    String(injected),
    detected === null ? '–' : String(detected),
    String(recovered),
    describeSpread(detectMs),
    describeSpread(recoverMs),
    describeSpread(lostMs),
    seenAs.join(', '),
  ];
}

function describeSpread(spread: Spread | null): string {
  if (spread === null) return '–';
  return spread.median === spread.most
    ? formatMs(spread.most)
    : `${formatMs(spread.median)} (${formatMs(spread.most)})`;
}
