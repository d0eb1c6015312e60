import { type RunStatus, writeFileAtomic } from '../../protocol/index.js';

/** Keeps `status.json` up to date. */
export interface StatusWriter {
  readonly write: (status: RunStatus) => void;
  /** Writes what is still held back. */
  readonly close: () => void;
}

/** Heartbeats alone rewrite the file no more often than this. */
const heartbeatIntervalMs = 1000;

/** A change of the run is written at once and durably; a mere heartbeat at most once a second. `onError`: the disk refuses. */
export function createStatusWriter(path: string, onError: (error: unknown) => void): StatusWriter {
  let written = '';
  let writtenAt = Number.NEGATIVE_INFINITY;
  let pending: RunStatus | undefined;
  let timer: NodeJS.Timeout | undefined;
  const put = (status: RunStatus, durable: boolean) => {
    clearTimeout(timer);
    timer = undefined;
    pending = undefined;
    writtenAt = performance.now();
    try {
      writeFileAtomic(path, `${JSON.stringify(status, null, 2)}\n`, { durable });
      written = essence(status);
    } catch (error) {
      onError(error);
    }
  };
  return {
    write: (status) => {
      if (essence(status) !== written) return put(status, true);
      pending = status;
      const wait = writtenAt + heartbeatIntervalMs - performance.now();
      timer ??= setTimeout(() => pending !== undefined && put(pending, false), Math.max(0, wait));
    },
    close: () => {
      if (pending !== undefined) put(pending, true);
      clearTimeout(timer);
    },
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
