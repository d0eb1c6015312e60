import type { Phase } from './heartbeat.js';
import { parseJson } from './parse-json.js';

/** States of a run. The last three are final until `supervise` is started again. */
export const runStates = [
  'preparing',
  'starting',
  'running',
  'stopping',
  'backingOff',
  'waiting',
  'uploading',
  'completed',
  'gaveUp',
  'stopped',
] as const;

export type RunState = (typeof runStates)[number];

/** The content of `status.json`: what is so now. Times are ISO dates in UTC, epochs count from 1, null means "none". */
export interface RunStatus {
  readonly experiment_name: string;
  readonly state: RunState;
  /** Number of the latest launch, from 1; 0 before the first. */
  readonly attempt: number;
  /** Relaunches over the whole run. */
  readonly restarts: number;
  readonly restarts_without_progress: number;
  readonly supervisor_pid: number;
  readonly trainer_pid: number | null;
  readonly epochs_completed: number;
  readonly epochs_total: number;
  /** Name of the checkpoint that a relaunch would continue from. */
  readonly checkpoint: string | null;
  readonly best_epoch: number | null;
  readonly best_score: number | null;
  readonly last_failure: { readonly class: string; readonly summary: string } | null;
  /** Why the run is to end, once somebody asked for it. */
  readonly stop_reason: string | null;
  /** What a waiting run waits for. */
  readonly waiting_for: string | null;
  /** When a run that backs off launches again. */
  readonly next_launch_at: string | null;
  /** The latest heartbeat of this attempt. */
  readonly phase: Phase | null;
  readonly epoch: number | null;
  readonly step: number | null;
  readonly steps_per_epoch: number | null;
  readonly values: Readonly<Record<string, number>> | null;
  /** Estimated seconds until the last epoch is done. */
  readonly eta_secs: number | null;
  /** Seconds of work since the last checkpoint: what a crash would cost now. */
  readonly at_risk_secs: number | null;
  /** How far the remote store is; null without one. */
  readonly remote: RemoteStatus | null;
  readonly run_dir: string;
  readonly checkpoint_dir: string;
  /** stdout and stderr of the latest attempt. */
  readonly output: string | null;
  /** When this supervisor took the run on. */
  readonly started_at: string;
  readonly updated_at: string;
}

/** What a remote store has, and has not. Times are ISO dates in UTC. */
export interface RemoteStatus {
  readonly url: string;
  /** The newest checkpoint that is committed there, as far as this supervisor knows. */
  readonly checkpoint: string | null;
  readonly epoch: number | null;
  readonly uploaded_at: string | null;
  readonly is_uploading: boolean;
  /** Since when uploads fail, and why; null while they do not. */
  readonly failing_since: string | null;
  readonly last_error: string | null;
}

/** Parses the text of `status.json`; undefined for anything that does not hold the fields that every reader needs. Never throws. */
export function parseStatus(text: string): RunStatus | undefined {
  let value: unknown;
  try {
    value = parseJson(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const raw = value as Record<string, unknown>;
  const hasState = runStates.some((state) => state === raw['state']);
  const counts = ['attempt', 'restarts', 'supervisor_pid', 'epochs_completed', 'epochs_total'];
  const hasCounts = counts.every((key) => Number.isSafeInteger(raw[key]) && Number(raw[key]) >= 0);
  return hasState && hasCounts ? (value as RunStatus) : undefined;
}
