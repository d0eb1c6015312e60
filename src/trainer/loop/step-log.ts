import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import type { TrainingProgress } from './training-state.js';

/** A diary of steps: which process took which step, when, and with what losses. */
export interface StepLog {
  /** Notes a step that has just ended. */
  readonly note: (done: TrainingProgress, stepMs: number, losses: Readonly<Record<string, number>>) => void;
  readonly close: () => void;
}

/**
 * Appends a JSON line to `path` after every step: `epoch` and `step` (from 1), `at_ms` (its end on the machine's monotonic
 * clock, the same for all processes), `step_ms`, `pid`, and the losses. A line that cannot be written is left out.
 */
export function openStepLog(path: string | undefined): StepLog {
  if (path === undefined) return { note: () => {}, close: () => {} };
  mkdirSync(dirname(path), { recursive: true });
  const file = openSync(path, 'a');
  return {
    note: ({ epoch, step }, stepMs, losses) => {
      const at_ms = Number(process.hrtime.bigint() / 1000n) / 1000;
      const step_ms = Math.round(stepMs * 1000) / 1000;
      try {
        writeSync(file, `${JSON.stringify({ epoch, step, at_ms, step_ms, pid: process.pid, ...losses })}\n`);
      } catch {
        // A full disk is reported where it matters: by the checkpoint that cannot be written.
      }
    },
    close: () => closeSync(file),
  };
}
