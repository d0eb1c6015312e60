import { writeFileAtomic } from '../../protocol/index.js';

/** One heartbeat, as it is to be in its file. */
export interface HeartbeatOrder {
  readonly path: string;
  readonly text: string;
}

/** Replaces the heartbeat's file. Never fails: a full disk is reported where it matters, by the checkpoint that cannot be written. */
export function writeHeartbeat({ path, text }: HeartbeatOrder): void {
  try {
    writeFileAtomic(path, text, { durable: false });
  } catch {
    // See above.
  }
}
