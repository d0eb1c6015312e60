import { closeSync, existsSync, fstatSync, readdirSync, readSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  attemptPaths,
  openRegularFile,
  parseStatus,
  type RunPaths,
  readFileBounded,
  runPaths,
  SuperviseError,
} from '../protocol/index.js';
import { inspectRun } from '../supervisor/shell/inspect-run.js';
import { describeEnd } from './describe-run.js';

export interface LogRequest {
  readonly runDir: string;
  /** Lines from the end. */
  readonly lines: number;
  /** The latest one when undefined. */
  readonly attempt: number | undefined;
}

const chunkBytes = 64 * 1024;
/** A progress bar that never ends its line does not make us read a whole disk. */
const mostTailBytes = 16 * 1024 * 1024;
const pollMs = 100;
/** Whether the run is over is asked less often than whether its log has grown. */
const inspectEveryMs = 500;

/**
 * Prints the end of one attempt's log. A log of any size costs the same.
 * @throws RUN_NOT_FOUND when there is no such attempt
 */
export async function showLog({ runDir, lines, attempt }: LogRequest): Promise<void> {
  const paths = runPaths(runDir);
  const shown = attempt ?? latestWithLog(paths);
  if (shown === 0) return tell('no attempt has begun yet');
  const log = openLog(paths, shown);
  await writeOut(log.file, tailStart(log.file, lines));
  closeSync(log.file);
}

/** Prints the end of the latest attempt's log, then what is written, attempt after attempt, until the run has ended. */
export async function followLogs({ runDir, lines, attempt }: LogRequest): Promise<void> {
  const paths = runPaths(runDir);
  let isGone = false;
  process.stdout.on('error', () => {
    isGone = true;
  });
  let current = attempt ?? latestWithLog(paths);
  let log = current === 0 ? undefined : openLog(paths, current);
  let position = log === undefined ? 0 : tailStart(log.file, lines);
  let inspectedAt = Number.NEGATIVE_INFINITY;
  while (!isGone) {
    // Asked before the last read: what is written until the end is printed.
    const isDue = performance.now() - inspectedAt >= inspectEveryMs;
    const run = isDue ? inspectRun(runDir) : undefined;
    if (isDue) inspectedAt = performance.now();
    const next = nextAttempt(paths, current);
    if (log !== undefined) position = await drain(log.file, position);
    if (next !== undefined) {
      if (attempt !== undefined) break;
      if (log !== undefined) closeSync(log.file);
      current = next;
      log = openLog(paths, current);
      position = 0;
      tell(`==> attempt ${current} begins: ${log.path} <==`);
      continue;
    }
    if (run !== undefined && !['supervised', 'elsewhere', 'orphaned'].includes(run.supervision)) {
      tell(`==> ${describeEnd(run)} <==`);
      break;
    }
    await sleep(pollMs);
  }
  if (log !== undefined) closeSync(log.file);
}

/** The number of the latest launch; 0 before the first. A folder alone may be that of a warm spare, which is none yet. */
function latestAttempt(paths: RunPaths): number {
  return launchesBy(paths) ?? latestFolder(paths);
}

/** The latest launch that has a log by now; 0 when none has. */
function latestWithLog(paths: RunPaths): number {
  let attempt = latestAttempt(paths);
  while (attempt > 0 && !existsSync(attemptPaths(paths, attempt).output)) attempt -= 1;
  return attempt;
}

/** The first launch after `current` that has a log. */
function nextAttempt(paths: RunPaths, current: number): number | undefined {
  const latest = latestAttempt(paths);
  for (let attempt = current + 1; attempt <= latest; attempt++)
    if (existsSync(attemptPaths(paths, attempt).output)) return attempt;
  return undefined;
}

function launchesBy({ status }: RunPaths): number | undefined {
  try {
    return parseStatus(readFileBounded(status).toString('utf8'))?.attempt;
  } catch {
    return undefined;
  }
}

function latestFolder({ attempts }: RunPaths): number {
  try {
    return Math.max(0, ...readdirSync(attempts).map(Number).filter(Number.isSafeInteger));
  } catch {
    return 0;
  }
}

function openLog(paths: RunPaths, attempt: number): { readonly file: number; readonly path: string } {
  const path = attemptPaths(paths, attempt).output;
  try {
    return { file: openRegularFile(path), path };
  } catch (error) {
    const latest = latestAttempt(paths);
    throw new SuperviseError(
      'RUN_NOT_FOUND',
      {
        what: `there is no log of attempt ${attempt}`,
        where: path,
        hint: latest === 0 ? 'no attempt has begun yet' : `the latest attempt is ${latest}`,
      },
      { cause: error },
    );
  }
}

/** Where the last `lines` lines begin: found backwards from the end, chunk by chunk. */
function tailStart(file: number, lines: number): number {
  const { size } = fstatSync(file);
  if (lines === 0) return size;
  const least = Math.max(0, size - mostTailBytes);
  const chunk = Buffer.alloc(chunkBytes);
  let missing = lines;
  for (let end = size; end > least; ) {
    const start = Math.max(least, end - chunkBytes);
    const read = readSync(file, chunk, 0, end - start, start);
    for (let at = read - 1; at >= 0; at--) {
      // The newline that ends the last line begins none.
      if (chunk[at] !== 0x0a || start + at === size - 1) continue;
      missing -= 1;
      if (missing === 0) return start + at + 1;
    }
    end = start;
  }
  return least;
}

/** Prints what is new; a log that was cut off is begun anew. Returns where to go on. */
async function drain(file: number, position: number): Promise<number> {
  const { size } = fstatSync(file);
  if (size >= position) return writeOut(file, position);
  tell('==> the log was truncated <==');
  return writeOut(file, 0);
}

async function writeOut(file: number, position: number): Promise<number> {
  let next = position;
  for (;;) {
    const chunk = Buffer.alloc(chunkBytes);
    const read = readSync(file, chunk, 0, chunkBytes, next);
    if (read === 0 || process.stdout.destroyed) return next;
    next += read;
    const hasRoom = process.stdout.write(chunk.subarray(0, read));
    if (!hasRoom) await Promise.race(['drain', 'error', 'close'].map((event) => once(event)));
  }
}

function once(event: string): Promise<void> {
  return new Promise((settle) => process.stdout.once(event, () => settle()));
}

function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}
