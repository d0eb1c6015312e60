import { closeSync, fstatSync, openSync, readlinkSync, truncateSync, writeSync } from 'node:fs';
import { isRunning } from '../../supervisor/shell/processes.js';
import { type Injector, NotInjected, type Victim } from '../target.js';
import { awaitEnd, findTrainer, send } from './await.js';

const floodBytes = 1024 ** 3;
const lineBytes = 100;

/** Writes 1 GB of lines into the trainer's log, as a library that has gone wild does. */
export const floodLog: Injector = async (target) => {
  const victim = await findTrainer(target);
  const path = logOf(victim);
  const atMs = Date.now();
  const chunk = Buffer.from(`${'W'.repeat(lineBytes - 1)}\n`.repeat(83_886));
  const grown = await append(victim, function* () {
    for (let written = 0; written < floodBytes; written += chunk.length) yield chunk;
  });
  if (!isRunning(victim)) throw new NotInjected(`process ${victim.pid} ended during the flood`);
  return {
    what: `${grown} bytes went into the log of ${victim.pid}`,
    atMs,
    attempt: victim.attempt,
    // A scratch run is to leave room on the disk.
    lift: { afterMs: 3000, undo: async () => truncateSync(path, 0) },
  };
};

/** Writes binary and ANSI noise into the trainer's log, and kills the trainer. */
export const spoilLog: Injector = async (target, dice) => {
  const victim = await findTrainer(target);
  const noise = Buffer.from(Array.from({ length: 300_000 }, () => Math.floor(dice() * 256)));
  const colours = Buffer.from('\r\u001b[31m12345/99999 \u001b[2K\u001b]0;title\u0007\u001b[?1049h'.repeat(1000));
  const grown = await append(victim, () => [noise, colours]);
  const atMs = Date.now();
  send(victim, 'SIGKILL', { group: true });
  await awaitEnd(target, victim);
  return { what: `${grown} bytes of noise in its log, then SIGKILL to ${victim.pid}`, atMs, attempt: victim.attempt };
};

/** What the trainer's standard output goes into: the file itself, which outlives the trainer. */
function logOf({ pid }: Victim): string {
  try {
    return readlinkSync(`/proc/${pid}/fd/1`);
  } catch (error) {
    throw new NotInjected(`the log of ${pid} cannot be found: ${(error as Error).message}`);
  }
}

/** Appends to what the trainer's standard output is; returns by how much it grew. */
async function append(victim: Victim, chunks: () => Iterable<Buffer>): Promise<number> {
  let file: number;
  try {
    file = openSync(logOf(victim), 'a');
  } catch (error) {
    throw new NotInjected(`the log of ${victim.pid} cannot be opened: ${(error as Error).message}`);
  }
  try {
    if (!fstatSync(file).isFile()) throw new NotInjected(`the output of ${victim.pid} goes into no file`);
    const before = fstatSync(file).size;
    for (const chunk of chunks()) {
      writeSync(file, chunk);
      // Others of the campaign go on meanwhile.
      await new Promise<void>((settle) => setImmediate(settle));
    }
    return fstatSync(file).size - before;
  } finally {
    closeSync(file);
  }
}
