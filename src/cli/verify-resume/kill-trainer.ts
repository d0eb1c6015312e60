import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseHeartbeat, runPaths } from '../../protocol/index.js';
import { readProgress } from '../../supervisor/shell/watch-trainer-files.js';
import { journalOf, type ScratchRun } from '../scratch/scratch-run.js';

/** A kill that was done, and where the run stood by what it had told last, in epochs. */
export interface Kill {
  readonly planned: number;
  readonly at: number;
  readonly attempt: number;
}

export interface KillOptions {
  readonly scratch: ScratchRun;
  /** Places in epochs, in order. */
  readonly places: readonly number[];
  /** What an epoch took without kills. */
  readonly epochMs: number;
  readonly epochBase: 0 | 1;
  /** Whether the trainer tells where it is; without that its completed epochs are all that is known. */
  readonly hasHeartbeats: boolean;
  readonly signal: AbortSignal;
}

const pollMs = 8;

/** Kills the trainer (SIGKILL to its process group) at each of the places in turn; each in another attempt. */
export async function killAtPlaces(options: KillOptions): Promise<Kill[]> {
  const { scratch, places, epochMs, signal } = options;
  const kills: Kill[] = [];
  let lastAttempt = 0;
  for (const planned of places) {
    let reachedAtMs: number | undefined;
    while (!signal.aborted) {
      await sleep(pollMs);
      const launched = journalOf(scratch).findLast((entry) => entry.event === 'launched' || entry.event === 'exited');
      if (launched?.event !== 'launched' || launched.attempt <= lastAttempt) continue;
      const at = placeOf(options, launched.attempt);
      const now = performance.now();
      // Heartbeats are few in fast epochs: within an epoch the clock tells the place.
      if (at >= Math.floor(planned)) reachedAtMs ??= now;
      const isThere = at >= planned || (reachedAtMs !== undefined && now - reachedAtMs >= (planned % 1) * epochMs);
      if (!isThere) continue;
      if (!kill(launched.pid)) continue;
      kills.push({ planned, at, attempt: launched.attempt });
      lastAttempt = launched.attempt;
      break;
    }
  }
  return kills;
}

/** Where the run stands by its heartbeat in this attempt, or else by its completed epochs; −1 before it works. */
function placeOf({ scratch, epochBase, hasHeartbeats }: KillOptions, attempt: number): number {
  if (!hasHeartbeats) return readProgress(scratch.checkpointDir, epochBase)?.epochs ?? 0;
  const beat = readBeat(runPaths(scratch.runDir).heartbeat);
  if (beat?.attempt === attempt && beat.phase !== 'startup') {
    const within = beat.steps_per_epoch > 0 ? beat.step / beat.steps_per_epoch : 0;
    return beat.epoch - 1 + Math.min(within, 0.999);
  }
  return -1;
}

function readBeat(path: string) {
  try {
    return parseHeartbeat(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

function kill(pid: number): boolean {
  try {
    process.kill(-pid, 'SIGKILL');
    return true;
  } catch {
    return false;
  }
}
