import { parseJson } from './parse-json.js';

/** What the work loop is doing. A heartbeat is written by the loop itself, never from a side thread. */
export const phases = ['startup', 'train', 'validate', 'checkpoint'] as const;

export type Phase = (typeof phases)[number];

/** One heartbeat: the whole content of `heartbeat.json`, replaced by rename. Epoch and step count from 1. */
export interface Heartbeat {
  readonly attempt: number;
  readonly pid: number;
  readonly phase: Phase;
  readonly epoch: number;
  /** Steps completed in this epoch. */
  readonly step: number;
  readonly steps_per_epoch: number;
  /** Numbers worth showing beside the progress bar, e.g. losses. */
  readonly values?: Readonly<Record<string, number>>;
}

/** Parses a heartbeat; undefined for anything that is not one. Never throws. */
export function parseHeartbeat(text: string): Heartbeat | undefined {
  let value: unknown;
  try {
    value = parseJson(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const raw = value as Record<string, unknown>;
  const phase = phases.find((known) => known === raw['phase']);
  const numbers = ['attempt', 'pid', 'epoch', 'step', 'steps_per_epoch'] as const;
  if (phase === undefined || !numbers.every((key) => Number.isSafeInteger(raw[key]) && Number(raw[key]) >= 0))
    return undefined;
  const [attempt, pid, epoch, step, steps_per_epoch] = numbers.map((key) => Number(raw[key])) as [
    number,
    number,
    number,
    number,
    number,
  ];
  const values = finiteNumbers(raw['values']);
  return { attempt, pid, phase, epoch, step, steps_per_epoch, ...(values && { values }) };
}

function finiteNumbers(value: unknown): Record<string, number> | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.fromEntries(Object.entries(value).filter(([, number]) => Number.isFinite(number)));
}
