import {
  type ChaosReport,
  type ChaosRun,
  countEqual,
  findShortcomings,
  type Spread,
  summarize,
} from './campaign-report.js';
import { faults } from './faults.js';
import type { FaultRecord } from './observe.js';

/** A campaign as one self-contained page: no script, no font and no picture from elsewhere. */
export function renderPage(report: ChaosReport): string {
  const shortcomings = findShortcomings(report);
  const verdict = report.isInterrupted ? 'Interrupted' : shortcomings.length === 0 ? 'Passed' : 'Not passed';
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Chaos campaign: ${toHtml(report.experiment)}</title>
<style>${style}</style>
<main>
<header>
<h1>${toHtml(report.experiment)} <small>chaos campaign</small></h1>
<p class="verdict ${shortcomings.length === 0 && !report.isInterrupted ? 'good' : 'bad'}">${verdict}</p>
</header>
${renderFigures(report)}
${shortcomings.length === 0 ? '' : `<ul class="shortcomings">${shortcomings.map((text) => `<li>${toHtml(text)}</li>`).join('')}</ul>`}
<h2>By fault</h2>
${renderSummary(report)}
<h2>Runs</h2>
${report.runs.map((run) => renderRun(run, report)).join('\n')}
<footer>Seed ${report.seed}, one fault every ${report.meanTimeBetweenSecs} s in the mean, begun ${toHtml(report.startedAt)}. Times are medians; the greatest in brackets. A run's state is compared with that of an unbroken run of ${seconds(report.unbrokenMs)}.</footer>
</main>
</html>
`;
}

function renderFigures(report: ChaosReport): string {
  const records = report.runs.flatMap((run) => run.records).filter(({ isInjected }) => isInjected);
  const { equal, compared } = countEqual(report);
  const falseKills = report.runs.reduce((sum, run) => sum + run.falseKills.length, 0);
  const planned = report.runs.length < report.runsPlanned ? ` of ${report.runsPlanned}` : '';
  const figures = [
    [`${report.runs.length}${planned}`, 'runs'],
    [String(records.length), 'faults injected'],
    [`${records.filter(({ isRecovered }) => isRecovered).length}`, 'recovered from'],
    [String(falseKills), 'false kills'],
    [`${equal} of ${compared}`, 'ended like the unbroken run'],
  ] as const;
  return `<dl class="figures">${figures.map(([value, name]) => `<div><dt>${name}</dt><dd>${value}</dd></div>`).join('')}</dl>`;
}

function renderSummary(report: ChaosReport): string {
  const summaries = summarize(report);
  const most = Math.max(1, ...summaries.map(({ recoverMs }) => recoverMs?.most ?? 0));
  const rows = summaries.map((one) => {
    const { fault, injected, detected, recovered, seenAs } = one;
    const isGood = recovered === injected && (detected === null || detected === injected);
    return `<tr class="${injected === 0 ? 'none' : isGood ? 'good' : 'bad'}"><th title="${toHtml(faults[fault].does)}">${fault}</th>
<td>${injected}</td><td>${detected ?? '–'}</td><td>${recovered}</td><td>${spread(one.detectMs)}</td>
<td>${spread(one.recoverMs)}${bar((one.recoverMs?.median ?? 0) / most)}</td><td>${spread(one.lostMs)}</td>
<td>${toHtml(injected === 0 ? one.refused.join('; ') : seenAs.join(', '))}</td></tr>`;
  });
  return `<div class="wide"><table><thead><tr><th>fault</th><th>injected</th><th>detected</th><th>recovered</th><th>to detect</th><th>to recover</th><th>work lost</th><th>seen as</th></tr></thead><tbody>${rows.join('\n')}</tbody></table></div>`;
}

function renderRun(run: ChaosRun, { runs }: ChaosReport): string {
  const longest = Math.max(...runs.map(({ wallMs }) => wallMs));
  const { verdict, distance, detail } = run.state;
  const state = `${words[verdict]}${distance === null || distance === 0 ? '' : ` (${distance.toPrecision(3)})`}`;
  const lines = [
    ...run.falseKills.map((kill) => `ended without a fault: ${kill}`),
    ...run.orphans.map((one) => `left behind: ${one}`),
  ];
  return `<section>
<h3>Run ${run.run} <small>seed ${run.seed} · ${seconds(run.wallMs)} · ${toHtml(run.end)} · state ${state}</small></h3>
${renderTimeline(run, longest)}
<details><summary>${run.records.length} faults</summary><ol>${run.records.map(renderRecord).join('')}</ol>
<p>${toHtml(detail)}</p></details>
${lines.map((line) => `<p class="bad">${toHtml(line)}</p>`).join('')}
</section>`;
}

/** Faults on the time of the run, each with its time to recover. */
function renderTimeline(run: ChaosRun, longestMs: number): string {
  const width = 1000;
  const toX = (ms: number) => ((ms / longestMs) * width).toFixed(1);
  const first = run.startedAtMs;
  const marks = run.records
    .filter(({ isInjected }) => isInjected)
    .map(({ fault, atMs, recoverMs, isRecovered, what }) => {
      const length = Math.max(4, ((recoverMs ?? 0) / longestMs) * width).toFixed(1);
      const title = `${fault}: ${what}`;
      return `<rect class="${isRecovered ? 'fault' : 'lost'}" x="${toX(atMs - first)}" y="4" width="${length}" height="16"><title>${toHtml(title)}</title></rect>`;
    });
  return `<svg viewBox="0 0 ${width} 24" preserveAspectRatio="none" role="img" aria-label="faults over time"><rect class="run" x="0" y="8" width="${toX(run.wallMs)}" height="8"/>${marks.join('')}</svg>`;
}

function renderRecord({ fault, what, isInjected, isRecovered, recoverMs, lostMs, objection }: FaultRecord): string {
  if (!isInjected) return `<li class="none">${fault}: not injected: ${toHtml(what)}</li>`;
  const how = isRecovered ? `recovered after ${seconds(recoverMs ?? 0)}` : 'not recovered from';
  const lost = lostMs === null ? '' : `, ${seconds(lostMs)} of work lost`;
  return `<li class="${isRecovered && objection === null ? 'good' : 'bad'}">${fault}: ${toHtml(what)}; ${how}${lost}${objection === null ? '' : `; ${toHtml(objection)}`}</li>`;
}

const words = {
  identical: 'identical',
  within: 'within tolerance',
  different: 'different',
  unknown: 'not compared',
  'not-expected': 'not comparable',
} as const;

function spread(value: Spread | null): string {
  if (value === null) return '–';
  return value.median === value.most
    ? seconds(value.most)
    : `${seconds(value.median)} <small>(${seconds(value.most)})</small>`;
}

function bar(share: number): string {
  return share <= 0 ? '' : `<i style="width:${(share * 100).toFixed(1)}%"></i>`;
}

function seconds(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  return ms < 120_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 60_000)} min`;
}

function toHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

const style = `
:root{--text:#1c2430;--quiet:#667085;--line:#e4e7ec;--ground:#f7f8fa;--card:#fff;--good:#12805c;--bad:#c4320a;--mark:#dc8b13}
@media (prefers-color-scheme:dark){:root{--text:#e6e9ef;--quiet:#98a2b3;--line:#2c3442;--ground:#12161d;--card:#1a202a;--good:#3ccb9a;--bad:#ff8a5c;--mark:#f0b450}}
*{box-sizing:border-box}body{margin:0;background:var(--ground);color:var(--text);font:15px/1.5 system-ui,sans-serif}
main{max-width:1080px;margin:0 auto;padding:32px 20px}header{display:flex;align-items:center;gap:16px;flex-wrap:wrap}
h1{font-size:26px;margin:0}h2{font-size:18px;margin:32px 0 8px}h3{font-size:15px;margin:0 0 6px}small{color:var(--quiet);font-weight:400}
.verdict{margin:0 0 0 auto;padding:4px 14px;border-radius:99px;border:1px solid currentColor;font-weight:600}.good>th,.verdict.good,li.good::marker{color:var(--good)}.bad>th,.verdict.bad,.bad,li.bad::marker{color:var(--bad)}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;margin:20px 0}.figures div,section,.wide{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:14px 16px}
.figures dt{color:var(--quiet);font-size:13px}.figures dd{margin:0;font-size:24px;font-weight:600;font-variant-numeric:tabular-nums}
.wide{overflow-x:auto;padding:4px 12px}table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}th,td{text-align:right;padding:7px 10px;border-bottom:1px solid var(--line);vertical-align:top}
th:first-child,td:last-child,th:last-child{text-align:left}thead th{color:var(--quiet);font-weight:500;font-size:13px}tbody tr:last-child>*{border-bottom:0}tr.none{color:var(--quiet)}
td i{display:block;height:3px;border-radius:2px;background:var(--mark);margin:3px 0 0 auto}
section{margin:10px 0}svg{display:block;width:100%;height:24px}.run{fill:var(--line)}.fault{fill:var(--mark)}.lost{fill:var(--bad)}
details{margin-top:6px;font-size:14px}summary{cursor:pointer;color:var(--quiet)}ol{padding-left:22px;overflow-wrap:anywhere}.shortcomings{color:var(--bad)}footer{margin-top:24px;color:var(--quiet);font-size:13px}
`;
