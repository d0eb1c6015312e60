import { closeSync, fdatasyncSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import {
  type JournalEntry,
  type JournalRecord,
  parseJournal,
  readFileBounded,
  systemErrorCode,
} from '../../protocol/index.js';

/** The append-only record of a run. */
export interface JournalWriter {
  /**
   * Stamps and appends a record. It outlives us when this returns, and a loss of power a moment later: a trainer that the lost
   * lines tell of dies of the same loss. While the disk refuses, entries are kept and tried again later.
   */
  readonly append: (record: JournalRecord) => JournalEntry;
  readonly close: () => void;
}

/** Longer than the longest text that JavaScript can hold it is not read. */
const longestJournal = 2 ** 29 - 25;

/** What the journal holds; entries that cannot be read are left out and counted. */
export function readJournal(path: string): { readonly entries: readonly JournalEntry[]; readonly damaged: number } {
  try {
    return parseJournal(readFileBounded(path, longestJournal).toString('utf8'));
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return { entries: [], damaged: 0 };
    throw error;
  }
}

/** Long enough that a relaunch is over, and that its lines are flushed together. */
const flushDelayMs = 20;

/** Opens the journal for appending; a torn last line is ended first. `onError` hears of a disk that refuses. */
export function openJournal(path: string, onError: (error: unknown) => void): JournalWriter {
  const file = openSync(path, 'a+', 0o644);
  let waiting = endsInside(file) ? '\n' : '';
  let timer: NodeJS.Timeout | undefined;
  const write = () => {
    try {
      const bytes = Buffer.from(waiting);
      const written = writeSync(file, bytes);
      waiting = written === bytes.length ? '' : unwritten(bytes, written);
    } catch (error) {
      onError(error);
    }
  };
  const flush = () => {
    clearTimeout(timer);
    timer = undefined;
    try {
      fdatasyncSync(file);
    } catch (error) {
      onError(error);
    }
  };
  return {
    append: (record) => {
      const entry = { time: new Date().toISOString(), ...record } as JournalEntry;
      waiting += `${JSON.stringify(entry)}\n`;
      write();
      timer ??= setTimeout(flush, flushDelayMs);
      return entry;
    },
    close: () => {
      if (waiting !== '') write();
      flush();
      closeSync(file);
    },
  };
}

/** A line of which only a part fits is begun anew; its torn part is left out when the journal is read. */
function unwritten(bytes: Buffer, written: number): string {
  const lineStart = bytes.subarray(0, written).lastIndexOf(0x0a) + 1;
  return `\n${bytes.subarray(lineStart).toString('utf8')}`;
}

function endsInside(file: number): boolean {
  const { size } = fstatSync(file);
  if (size === 0) return false;
  const last = Buffer.alloc(1);
  readSync(file, last, 0, 1, size - 1);
  return last[0] !== 0x0a;
}
