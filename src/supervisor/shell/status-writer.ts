import { monotonicMs, type RunStatus, writeFileAtomic } from '../../protocol/index.js';

/** Keeps `status.json` up to date. */
export interface StatusWriter {
  readonly write: (status: RunStatus) => void;
  /** Writes what is still held back. */
  readonly close: () => void;
}

/** Heartbeats alone rewrite the file no more often than this. */
const heartbeatIntervalMs = 1000;

/** A change of the run is written this much later, so that a relaunch comes first. */
const changeDelayMs = 10;

/** A change of the run is written in a moment and durably; a mere heartbeat at most once a second. `onError`: the disk refuses. */
export function createStatusWriter(path: string, onError: (error: unknown) => void): StatusWriter {
  let written = '';
  let writtenAt = Number.NEGATIVE_INFINITY;
  let pending: RunStatus | undefined;
  let timer: NodeJS.Timeout | undefined;
  let due = Number.POSITIVE_INFINITY;
  const put = () => {
    clearTimeout(timer);
    due = Number.POSITIVE_INFINITY;
    if (pending === undefined) return;
    const next = essence(pending);
    writtenAt = monotonicMs();
    try {
      writeFileAtomic(path, `${JSON.stringify(pending, null, 2)}\n`, { durable: next !== written });
      written = next;
    } catch (error) {
      onError(error);
    }
    pending = undefined;
  };
  return {
    write: (status) => {
      pending = status;
      const now = monotonicMs();
      if (due <= now + changeDelayMs) return;
      const at = essence(status) === written ? Math.max(now, writtenAt + heartbeatIntervalMs) : now + changeDelayMs;
      if (at >= due) return;
      due = at;
      clearTimeout(timer);
      timer = setTimeout(put, at - now);
    },
    close: put,
  };
}

/** All but what a heartbeat changes. */
function essence(status: RunStatus): string {
  const {
    phase: _p,
    epoch: _e,
    step: _s,
    steps_per_epoch: _n,
    values: _v,
    eta_secs: _t,
    at_risk_secs: _r,
    updated_at: _u,
    ...rest
  } = status;
  return JSON.stringify(rest);
}
