import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { type GoMessage, parseGo } from '../../protocol/index.js';

/**
 * Waits for the line that lets a warm spare begin. Undefined when its input ends without one (the supervisor is gone, or has no
 * use for it) or a signal asks it to stop.
 */
export async function standBy(input: Readable, isStopped: () => boolean): Promise<GoMessage | undefined> {
  const lines = createInterface({ input });
  const poll = setInterval(() => isStopped() && lines.close(), stopPollMs);
  try {
    for await (const line of lines) {
      const go = parseGo(line);
      if (go !== undefined) return go;
    }
    return undefined;
  } finally {
    clearInterval(poll);
    lines.close();
    input.destroy();
  }
}

const stopPollMs = 100;
