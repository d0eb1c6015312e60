// docs/images/goodput.svg: a bar of goodput and a strip of time for each contender.

const width = 860;
const left = 240;
const barWidth = 150;
const stripLeft = left + barWidth + 70;
const stripWidth = width - stripLeft - 20;
const rowHeight = 30;

/** Draws the kills of the reference trainer; readable on light and dark ground. */
export function drawPicture({ kills, window_ms, every_ms }) {
  const top = 84;
  const height = top + kills.length * rowHeight + 62;
  const rows = kills.map((row, index) => drawRow(row, top + index * rowHeight, window_ms));
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((share) => {
    const x = stripLeft + share * stripWidth;
    return `<text class="small" x="${x}" y="${top - 10}" text-anchor="middle">${Math.round((share * window_ms) / 1000)} s</text>`;
  });
  const keys = [
    ['useful', 'training that stayed'],
    ['lost', 'training done again'],
    ['down', 'no training'],
    ['ground', 'saving'],
  ].map(
    ([kind, text], index) =>
      `<rect class="${kind}" x="${left + index * 155}" y="${height - 34}" width="12" height="12" rx="2"/><text class="small" x="${left + 18 + index * 155}" y="${height - 24}">${text}</text>`,
  );
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="Goodput of a training run that is killed once in ${every_ms / 1000} seconds, under each supervisor">
<style>
  text { font: 13px system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; fill: #1f2328; }
  .title { font-size: 15px; font-weight: 600; }
  .small { font-size: 11px; fill: #59636e; }
  .own { font-weight: 600; }
  .ground { fill: #818b981f; }
  .useful { fill: #2da44e; } .lost { fill: #d4a72c; } .down { fill: #cf222e; } .other { fill: #818b98; }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc; } .small { fill: #9198a1; }
    .useful { fill: #3fb950; } .lost { fill: #d29922; } .down { fill: #f85149; } .other { fill: #9198a1; }
  }
</style>
<text class="title" x="20" y="28">Useful time of a run whose trainer is killed once in ${every_ms / 1000} s</text>
<text class="small" x="20" y="47">The same trainer and the same seeded kills; measured by the trainer's own diary of steps.</text>
<text class="small" x="${left}" y="${top - 10}">goodput</text>
${ticks.join('\n')}
${rows.join('\n')}
${keys.join('\n')}
</svg>
`;
}

function drawRow({ id, title, goodput, strips }, y, windowMs) {
  const isOwn = id.startsWith('supervise');
  const x = (ms) => stripLeft + (Math.min(Math.max(ms, 0), windowMs) / windowMs) * stripWidth;
  // What is down lies above what was useful just before.
  const order = { useful: 0, lost: 1, down: 2 };
  const parts = [...strips]
    .sort((one, other) => order[one.kind] - order[other.kind])
    .map(({ kind, from, to }) => {
      const w = Math.max(kind === 'useful' ? 0 : 1.5, x(to) - x(from));
      return `<rect class="${kind}" x="${x(from).toFixed(1)}" y="${y + 6}" width="${w.toFixed(1)}" height="14"/>`;
    });
  return `<text${isOwn ? ' class="own"' : ''} x="20" y="${y + 18}">${shortTitle(title)}</text>
<rect class="ground" x="${left}" y="${y + 6}" width="${barWidth}" height="14" rx="2"/>
<rect class="${isOwn ? 'useful' : 'other'}" x="${left}" y="${y + 6}" width="${(goodput * barWidth).toFixed(1)}" height="14" rx="2"/>
<text${isOwn ? ' class="own"' : ''} x="${left + barWidth + 8}" y="${y + 18}">${(100 * goodput).toFixed(1)} %</text>
<rect class="ground" x="${stripLeft}" y="${y + 6}" width="${stripWidth}" height="14"/>
${parts.join('')}`;
}

/** `supervise 0.1.0, step checkpoints` is `supervise: step checkpoints`. */
function shortTitle(title) {
  const [, rest] = title.match(/^supervise \S+, (.*)$/) ?? [];
  return rest === undefined
    ? title
    : `supervise, ${rest.replace('step checkpoints, warm spare', 'steps + spare').replace('step checkpoints', 'step checkpoints')}`;
}
