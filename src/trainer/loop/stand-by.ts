import type { Readable } from 'node:stream';
import { type GoMessage, parseGo } from '../../protocol/index.js';

/**
 * Waits for the line that lets a warm spare begin. Undefined when its input ends without one (the supervisor is gone, or has no
 * use for it) or a signal asks it to stop.
 */
export async function standBy(input: Readable, isStopped: () => boolean): Promise<GoMessage | undefined> {
  let poll: NodeJS.Timeout | undefined;
  try {
    return await new Promise((settle) => {
      poll = setInterval(() => isStopped() && settle(undefined), stopPollMs);
      let text = '';
      input.setEncoding('utf8').on('data', (part: string) => {
        const lines = `${text}${part}`.split('\n');
        text = lines.pop() ?? '';
        const go = lines.map(parseGo).find((message) => message !== undefined);
        if (go !== undefined) settle(go);
      });
      // Without its last line break, too.
      input.once('end', () => settle(parseGo(text)));
      input.once('error', () => settle(undefined));
    });
  } finally {
    clearInterval(poll);
    input.destroy();
  }
}

const stopPollMs = 100;
