import {
  appendFileSync,
  closeSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { systemErrorCode, writeFileAtomic } from '../../protocol/index.js';

/**
 * Drops the lines of `metrics.jsonl` that belong to epochs after `lastEpoch` (written by an attempt that died before its
 * checkpoint was committed) and any torn line, so that every epoch has exactly one line whatever happened.
 */
export function rewindMetrics(path: string, lastEpoch: number): void {
  const text = readIfPresent(path);
  if (text === undefined) return;
  const kept = text.split('\n').filter((line) => epochOfLine(line) <= lastEpoch);
  const rewound = kept.map((line) => `${line}\n`).join('');
  if (rewound !== text) writeFileAtomic(path, rewound);
}

/** Appends one epoch's metrics as a JSON line and makes it durable; called before the epoch's checkpoint is committed. */
export function appendMetrics(path: string, metrics: Readonly<Record<string, unknown>>): void {
  mkdirSync(dirname(path), { recursive: true });
  const file = openSync(path, 'a');
  try {
    const { size } = fstatSync(file);
    try {
      appendFileSync(file, `${JSON.stringify(metrics)}\n`);
      fsyncSync(file);
    } catch (error) {
      // Half a line would spoil the next one.
      ftruncateSync(file, size);
      throw error;
    }
  } finally {
    closeSync(file);
  }
}

function epochOfLine(line: string): number {
  try {
    const epoch: unknown = (JSON.parse(line) as { epoch?: unknown }).epoch;
    return typeof epoch === 'number' ? epoch : Number.POSITIVE_INFINITY;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

function readIfPresent(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
