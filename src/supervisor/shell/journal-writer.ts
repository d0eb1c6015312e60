import { closeSync, fdatasyncSync, fstatSync, linkSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import {
  type JournalEntry,
  type JournalRecord,
  parseJournal,
  readFileBounded,
  systemErrorCode,
  writeFileAtomic,
} from '../../protocol/index.js';
import { condenseJournal } from '../condense-journal.js';

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
/** A part of the journal that is longer becomes `journal.N.jsonl`, and a new one begins with what is still needed of it. */
const longestPart = 8 * 1024 * 1024;
const keptParts = 3;

/**
 * Opens the journal for appending; a torn last line is ended first. `onError` hears of a disk that refuses. No more than
 * `keptParts` earlier parts of `partBytes` each are kept.
 */
export function openJournal(
  path: string,
  onError: (error: unknown) => void,
  { partBytes = longestPart } = {},
): JournalWriter {
  let file = openSync(path, 'a+', 0o644);
  let waiting = endsInside(file) ? '\n' : '';
  let timer: NodeJS.Timeout | undefined;
  let rotateAt = partBytes;
  const write = () => {
    try {
      const written = writeSync(file, waiting);
      waiting = written === Buffer.byteLength(waiting) ? '' : unwritten(Buffer.from(waiting), written);
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
  const rotate = () => {
    try {
      if (waiting !== '' || fstatSync(file).size < rotateAt) return;
      beginPart(path);
      const next = openSync(path, 'a+', 0o644);
      closeSync(file);
      file = next;
      // What has to be carried over may itself be long.
      rotateAt = fstatSync(file).size + partBytes;
    } catch (error) {
      // A longer part does no harm: it is tried again after as much again.
      rotateAt += partBytes;
      onError(error);
    }
  };
  return {
    append: (record) => {
      const entry = { time: new Date().toISOString(), ...record } as JournalEntry;
      waiting += `${JSON.stringify(entry)}\n`;
      write();
      timer ??= setTimeout(() => {
        flush();
        rotate();
      }, flushDelayMs);
      return entry;
    },
    close: () => {
      if (waiting !== '') write();
      flush();
      closeSync(file);
    },
  };
}

/**
 * Puts the journal aside as its next part, and begins a new one from which the same state is rebuilt. At every moment there is
 * a whole one: the new one takes the place of the old by a rename.
 */
function beginPart(path: string): void {
  const { carried, rotated } = condenseJournal(readJournal(path).entries);
  const partPath = (part: number) => path.replace(/(\.jsonl)?$/, `.${part}$1`);
  const lines = [...carried, { time: new Date().toISOString(), ...rotated }].map((entry) => JSON.stringify(entry));
  rmSync(partPath(rotated.part), { force: true });
  linkSync(path, partPath(rotated.part));
  writeFileAtomic(path, `${lines.join('\n')}\n`);
  rmSync(partPath(rotated.part - keptParts), { force: true });
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
