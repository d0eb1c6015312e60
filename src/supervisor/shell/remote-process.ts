import { type ChildProcess, spawn } from 'node:child_process';
import type { RemoteAnswer, RemoteOrder } from '../../checkpoint/remote/remote-order.js';
import { TrainerEnv } from '../../protocol/index.js';

export type RemoteEnd = Exclude<RemoteAnswer, { type: 'begin' | 'progress' }>;

/** Work at a store that is under way. */
export interface RemoteWork {
  /** How it ended. A process that died has failed, and so has one that tells nothing for long. */
  readonly ended: Promise<RemoteEnd>;
  /** Breaks it off; it is gone when this is done, unless not even SIGKILL ends it. */
  readonly cancel: () => Promise<void>;
}

/** Time that a process has to tidy up before it is killed, and that it is waited for after that: a dead disk may hold it. */
const cancelMs = 1000;
/** A request has its own, shorter patience; a folder of a NAS that is gone has none. */
const usualStallMs = 600_000;

/**
 * Has an order carried out in a process of its own: it may need much memory, wait for long and die, and the supervisor does
 * not. It ends when the supervisor does, however that ends.
 */
export function startRemoteWork(
  command: readonly [string, ...string[]],
  order: RemoteOrder,
  onBegin?: (begun: Extract<RemoteAnswer, { type: 'begin' }>) => void,
  stallMs = usualStallMs,
): RemoteWork {
  const [program, ...args] = command;
  // Whoever has the token of a run is ended before a relaunch.
  const { [TrainerEnv.token]: _, ...env } = process.env;
  const child = spawn(program, args, { env, stdio: ['pipe', 'pipe', 'ignore'] });
  let answer: RemoteEnd | undefined;
  let rest = '';
  let timer: NodeJS.Timeout | undefined;
  let settleStalled: (end: RemoteEnd) => void = () => undefined;
  const stalled = new Promise<RemoteEnd>((settle) => {
    settleStalled = settle;
  });
  const watch = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      child.kill('SIGKILL');
      settleStalled({ type: 'failed', reason: `no sign of progress for ${Math.round(stallMs / 1000)} s` });
    }, stallMs).unref();
  };
  watch();
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const told = JSON.parse(line) as RemoteAnswer;
      watch();
      if (told.type === 'begin') onBegin?.(told);
      else if (told.type !== 'progress') answer = told;
    }
  });
  // A process that died does not read its order.
  child.stdin.on('error', () => undefined);
  child.stdin.write(`${JSON.stringify(order)}\n`);
  const closed = new Promise<string>((settle) => {
    child.once('error', (error) => settle(error.message));
    child.once('close', (code, signal) => settle(signal ?? `exit code ${code}`));
  });
  const left = closed.then((how) => {
    clearTimeout(timer);
    return answer ?? ({ type: 'failed', reason: `the process that works for it ended (${how})` } as const);
  });
  return { ended: Promise.race([left, stalled]), cancel: () => cancel(child, closed) };
}

async function cancel(child: ChildProcess, closed: Promise<unknown>): Promise<void> {
  child.stdin?.end();
  const isClosed = closed.then(() => true);
  const pause = () => new Promise<false>((settle) => setTimeout(settle, cancelMs, false).unref());
  if (await Promise.race([isClosed, pause()])) return;
  child.kill('SIGKILL');
  await Promise.race([isClosed, pause()]);
}
