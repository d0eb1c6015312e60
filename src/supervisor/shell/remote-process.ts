import { type ChildProcess, spawn } from 'node:child_process';
import type { RemoteAnswer, RemoteOrder } from '../../checkpoint/remote/remote-order.js';
import { TrainerEnv } from '../../protocol/index.js';

/** Work at a store that is under way. */
export interface RemoteWork {
  /** How it ended. A process that died has failed. */
  readonly ended: Promise<Exclude<RemoteAnswer, { type: 'begin' }>>;
  /** Breaks it off; it is gone when this is done. */
  readonly cancel: () => Promise<void>;
}

/** Time that a process has to tidy up before it is killed. */
const cancelMs = 1000;

/**
 * Has an order carried out in a process of its own: it may need much memory, wait for long and die, and the supervisor does
 * not. It ends when the supervisor does, however that ends.
 */
export function startRemoteWork(
  command: readonly [string, ...string[]],
  order: RemoteOrder,
  onBegin?: (begun: Extract<RemoteAnswer, { type: 'begin' }>) => void,
): RemoteWork {
  const [program, ...args] = command;
  // Whoever has the token of a run is ended before a relaunch.
  const { [TrainerEnv.token]: _, ...env } = process.env;
  const child = spawn(program, args, { env, stdio: ['pipe', 'pipe', 'ignore'] });
  let answer: Exclude<RemoteAnswer, { type: 'begin' }> | undefined;
  let rest = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const told = JSON.parse(line) as RemoteAnswer;
      if (told.type === 'begin') onBegin?.(told);
      else answer = told;
    }
  });
  // A process that died does not read its order.
  child.stdin.on('error', () => undefined);
  child.stdin.write(`${JSON.stringify(order)}\n`);
  const closed = new Promise<string>((settle) => {
    child.once('error', (error) => settle(error.message));
    child.once('close', (code, signal) => settle(signal ?? `exit code ${code}`));
  });
  const ended = closed.then(
    (how) => answer ?? ({ type: 'failed', reason: `the process that works for it ended (${how})` } as const),
  );
  return { ended, cancel: () => cancel(child, closed) };
}

async function cancel(child: ChildProcess, closed: Promise<unknown>): Promise<void> {
  child.stdin?.end();
  const timer = setTimeout(() => child.kill('SIGKILL'), cancelMs);
  await closed;
  clearTimeout(timer);
}
