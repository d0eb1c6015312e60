import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { type JournalEntry, parseJournalLine } from '../protocol/index.js';

/** Reads a journal that grows: each call gives all entries so far, and reads only what is new. */
export function followJournal(path: string): () => readonly JournalEntry[] {
  const entries: JournalEntry[] = [];
  let offset = 0;
  let inode = 0;
  let rest = '';
  return () => {
    let file: number;
    try {
      file = openSync(path, 'r');
    } catch {
      return entries;
    }
    try {
      const { size, ino } = fstatSync(file);
      if (ino !== inode || size < offset) [offset, rest, inode] = [0, '', ino];
      if (size === offset) return entries;
      const bytes = Buffer.alloc(size - offset);
      offset += readSync(file, bytes, 0, bytes.length, offset);
      const lines = (rest + bytes.toString('utf8')).split('\n');
      rest = lines.pop() ?? '';
      entries.push(...lines.flatMap((line) => parseJournalLine(line) ?? []));
      return entries;
    } finally {
      closeSync(file);
    }
  };
}
