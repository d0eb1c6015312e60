import type { KindScore, LineScore, SetScore } from '../../trainer/restoration/index.js';

/** A set's scores as the cells of a table. Pure. */
export function describeScores({ degraded, restored, clean }: SetScore): string[][] {
  const row = (name: string, { psnr, ssim, cer, wer }: KindScore) => [
    name,
    psnr === null ? '' : `${psnr.toFixed(2)} dB`,
    ssim === null ? '' : ssim.toFixed(4),
    percent(cer),
    percent(wer),
  ];
  return [
    ['', 'PSNR', 'SSIM', 'CER', 'WER'],
    row('degraded', degraded),
    row('restored', restored),
    row('clean', clean),
  ];
}

/** A row for each line, as RFC 4180 has it. Pure. */
export function toCsv(lines: readonly LineScore[]): string {
  const header = [
    'line',
    'psnr_degraded',
    'psnr',
    'ssim_degraded',
    'ssim',
    'text',
    'read_degraded',
    'read',
    'read_clean',
  ];
  const rows = lines.map((line, index) => [
    String(index),
    ...[line.psnrDegraded, line.psnr].map((value) => value.toFixed(3)),
    ...[line.ssimDegraded, line.ssim].map((value) => value.toFixed(4)),
    ...[line.text, line.readDegraded, line.read, line.readClean].map(quote),
  ]);
  return [header, ...rows].map((cells) => `${cells.join(',')}\n`).join('');
}

function percent(fraction: number): string {
  return `${(100 * fraction).toFixed(1)} %`;
}

function quote(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
