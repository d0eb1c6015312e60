import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { SuperviseError, systemErrorCode } from '../../protocol/index.js';
import type { Split } from './digits.js';
import { encodeLine } from './line-record.js';
import { type LineSpec, makeLine } from './make-line.js';
import type { RecordFile } from './record-file.js';
import { openTfRecord } from './tf-record-reader.js';
import { isBeingWritten, writeTfRecord } from './tf-record-writer.js';

/** Raised whenever made lines come out differently, so that files of an older version are not taken for current ones. */
const makingVersion = 1;

/**
 * Opens the made lines of a split, `lines-<split>-<key>.tfrecord` in `directory`, and makes them first unless they are there
 * whole and undamaged. The key is a digest of everything that determines the lines. Several processes may do this at once:
 * each writes a file of its own, and the last rename puts the same bytes in place. `onLine` hears of each line made.
 * @throws RUN_DIRECTORY when the file cannot be written
 */
export async function openMadeLines(
  directory: string,
  spec: LineSpec,
  split: Split,
  count: number,
  onLine: (made: number, count: number) => void = () => {},
): Promise<RecordFile> {
  const path = join(directory, `lines-${split}-${contentKey(spec, split, count)}.tfrecord`);
  const present = await openIfSound(path, count);
  if (present !== undefined) return present;
  try {
    mkdirSync(directory, { recursive: true });
    sweepTemporaries(directory);
    await writeTfRecord(path, makeRecords(spec, split, count, onLine));
  } catch (error) {
    throw cannotWrite(path, error);
  }
  return openTfRecord(path);
}

function contentKey(spec: LineSpec, split: Split, count: number): string {
  const { seed, width, height, digitsMin, digitsMax } = spec;
  const content = JSON.stringify([makingVersion, split, count, seed, width, height, digitsMin, digitsMax]);
  return createHash('sha256').update(content).digest('hex').slice(0, 16);
}

async function* makeRecords(
  spec: LineSpec,
  split: Split,
  count: number,
  onLine: (made: number, count: number) => void,
): AsyncGenerator<Uint8Array> {
  for (let index = 0; index < count; index++) {
    yield encodeLine(makeLine(spec, split, index), spec.width, spec.height);
    onLine(index + 1, count);
    // Signals and timers get their turn while thousands of lines are being made.
    await setImmediate();
  }
}

/** Reads the file once: made lines can be made again, so that a damaged file is replaced rather than reported. */
async function openIfSound(path: string, count: number): Promise<RecordFile | undefined> {
  let file: RecordFile | undefined;
  try {
    file = await openTfRecord(path);
    for (let record = 0; record < file.size; record++) await file.read(record);
    if (file.size === count) return file;
  } catch (error) {
    if (!(error instanceof SuperviseError && ['DATA_MISSING', 'DATA_CORRUPT'].includes(error.code))) throw error;
  }
  await file?.close();
  return undefined;
}

/** Removes what writers left behind that were killed: temporary files whose process is gone. */
function sweepTemporaries(directory: string): void {
  for (const name of readdirSync(directory)) {
    const pid = /^lines-.*\.tfrecord\.(\d+)-[0-9a-f]+\.tmp$/.exec(name)?.[1];
    const path = join(directory, name);
    if (pid !== undefined && !isWriterAlive(Number(pid), path)) rmSync(path, { force: true });
  }
}

function isWriterAlive(pid: number, path: string): boolean {
  if (pid === process.pid) return isBeingWritten(path);
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemErrorCode(error) !== 'ESRCH';
  }
}

function cannotWrite(path: string, error: unknown): unknown {
  if (systemErrorCode(error) === undefined) return error;
  return new SuperviseError(
    'RUN_DIRECTORY',
    { what: `${basename(path)} cannot be written (${(error as Error).message})`, where: path, hint: 'check data.dir' },
    { cause: error },
  );
}
