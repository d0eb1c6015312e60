import cliProgress from 'cli-progress';
import type { RunStatus } from '../../protocol/index.js';

/** Bars for epoch and step, redrawn in place. */
export interface ProgressBars {
  readonly update: (status: RunStatus) => void;
  /** Prints lines above the bars. */
  readonly log: (lines: readonly string[]) => void;
  readonly close: () => void;
}

const mostBar = 30;
const leastBar = 5;
/** Columns for what stands beside a bar; what does not fit is cut off. */
const besideBar = 50;

/** Draws an epoch bar and a step bar with ETA on a terminal. */
export function createProgressBars(stream: NodeJS.WriteStream): ProgressBars {
  const bars = new cliProgress.MultiBar(
    {
      stream,
      clearOnComplete: true,
      hideCursor: true,
      format: '{name} {bar} {value}/{total}  {info}',
      barsize: Math.max(leastBar, Math.min(mostBar, stream.columns - besideBar)),
      forceRedraw: true,
    },
    cliProgress.Presets.shades_classic,
  );
  let epochs: cliProgress.SingleBar | undefined;
  let steps: cliProgress.SingleBar | undefined;
  return {
    update: (status) => {
      epochs ??= bars.create(status.epochs_total, 0, { name: 'epoch', info: '' });
      steps ??= bars.create(1, 0, { name: 'step ', info: '' });
      epochs.update(status.epochs_completed, { name: 'epoch', info: describeRun(status) });
      steps.setTotal(status.steps_per_epoch ?? 1);
      steps.update(status.step ?? 0, { name: 'step ', info: describeStep(status) });
      bars.update();
    },
    log: (lines) => {
      for (const line of lines.flatMap((text) => text.split('\n'))) bars.log(`${line}${eraseToEndOfLine}\n`);
      bars.update();
    },
    close: () => bars.stop(),
  };
}

/** What the bars had drawn there would show behind a shorter line. */
const eraseToEndOfLine = '\u001b[K';

function describeRun({ state, eta_secs, restarts, at_risk_secs }: RunStatus): string {
  const eta = eta_secs === null ? '' : `, ETA ${formatEta(eta_secs)}`;
  const risk = at_risk_secs === null ? '' : `, at risk ${formatEta(at_risk_secs)}`;
  return `${state}${restarts > 0 ? `, ${restarts} restarts` : ''}${eta}${risk}`;
}

function describeStep({ phase, values }: RunStatus): string {
  const shown = Object.entries(values ?? {}).slice(0, 3);
  return [phase ?? '', ...shown.map(([name, value]) => `${name} ${value.toFixed(3)}`)].join('  ');
}

function formatEta(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60)];
  return hours > 0
    ? `${hours}h${String(minutes).padStart(2, '0')}`
    : minutes > 0
      ? `${minutes}m${String(whole % 60).padStart(2, '0')}`
      : `${whole}s`;
}
