import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunStatus } from '../../protocol/index.js';

/** The last screen of a completed run: what was done, what it cost, how good it is, and where things are. */
export function summarize(status: RunStatus, early: boolean, now: Date): string[] {
  const wall = (now.getTime() - new Date(status.started_at).getTime()) / 1000;
  const metrics = readMetrics(join(status.run_dir, 'metrics.jsonl'));
  const best = metrics.find(({ epoch }) => epoch === status.best_epoch) ?? metrics.at(-1);
  return [
    `${status.experiment_name}: ${early ? 'stopped early after' : 'all done,'} ${status.epochs_completed}/${status.epochs_total} epochs, ${status.restarts} restarts, ${formatDuration(wall)}.`,
    ...(status.best_epoch === null || status.best_score === null
      ? []
      : [`  best        epoch ${status.best_epoch}, score ${status.best_score.toFixed(2)}`]),
    ...(best === undefined ? [] : describeQuality(best)),
    `  checkpoints ${status.checkpoint_dir}`,
    ...describeRemote(status.remote),
    `  everything  ${status.run_dir}`,
  ];
}

type Metrics = Readonly<Record<string, number | undefined>>;

function describeRemote(remote: RunStatus['remote']): string[] {
  if (remote === null) return [];
  const { url, checkpoint, epoch, failing_since: since, last_error: error } = remote;
  const has = checkpoint === null ? 'nothing is known to be there' : `has ${checkpoint} (epoch ${epoch})`;
  const lines = [`  remote      ${url} ${has}`];
  if (since !== null) return [...lines, `  ! not uploaded since ${since}: ${error}`];
  return remote.is_uploading
    ? [...lines, '  ! the last checkpoint is not there yet: supervise checkpoint push']
    : lines;
}

function describeQuality({ psnr, psnr_degraded, cer, cer_degraded }: Metrics): string[] {
  const lines: string[] = [];
  if (psnr !== undefined && psnr_degraded !== undefined)
    lines.push(
      `  PSNR        degraded ${psnr_degraded.toFixed(2)} dB → restored ${psnr.toFixed(2)} dB (${signed(psnr - psnr_degraded)} dB)`,
    );
  if (cer !== undefined && cer_degraded !== undefined)
    lines.push(`  CER         degraded ${(cer_degraded * 100).toFixed(1)} % → restored ${(cer * 100).toFixed(1)} %`);
  return lines;
}

function readMetrics(path: string): Metrics[] {
  try {
    return readFileSync(path, 'utf8')
      .split('\n')
      .flatMap((line) => (line.trim() === '' ? [] : [JSON.parse(line) as Metrics]));
  } catch {
    return [];
  }
}

function signed(value: number): string {
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(2)}`;
}

function formatDuration(seconds: number): string {
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor((seconds % 3600) / 60)];
  return [
    ...(hours > 0 ? [`${hours} h`] : []),
    ...(minutes > 0 || hours > 0 ? [`${minutes} min`] : []),
    `${Math.floor(seconds % 60)} s`,
  ].join(' ');
}
