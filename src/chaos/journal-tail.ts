import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { type JournalEntry, parseJournalLine } from '../protocol/index.js';

/** Reads a journal that grows: each call gives all entries so far, and reads only what is new. It may be rotated meanwhile. */
export function followJournal(path: string): () => readonly JournalEntry[] {
  const entries: JournalEntry[] = [];
  let part: Part | undefined;
  return () => {
    part ??= openPart(path);
    if (part === undefined) return entries;
    const name = fileAt(path);
    entries.push(...readNew(part));
    if (name === undefined || name === part.inode) return entries;
    // Another file has taken the name; what was written to the old one before that has just been read.
    closeSync(part.file);
    part = openPart(path);
    const fresh = part === undefined ? [] : readNew(part);
    entries.push(...fresh.slice(fresh.findIndex(({ event }) => event === 'rotated') + 1));
    return entries;
  };
}

interface Part {
  readonly file: number;
  readonly inode: number;
  offset: number;
  rest: string;
}

function openPart(path: string): Part | undefined {
  try {
    const file = openSync(path, 'r');
    return { file, inode: fstatSync(file).ino, offset: 0, rest: '' };
  } catch {
    return undefined;
  }
}

function fileAt(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino;
}

function readNew(part: Part): JournalEntry[] {
  const { size } = fstatSync(part.file);
  if (size <= part.offset) return [];
  const bytes = Buffer.alloc(size - part.offset);
  part.offset += readSync(part.file, bytes, 0, bytes.length, part.offset);
  const lines = Buffer.concat([Buffer.from(part.rest, 'latin1'), bytes])
    .toString('latin1')
    .split('\n');
  part.rest = lines.pop() ?? '';
  return lines.flatMap((line) => parseJournalLine(Buffer.from(line, 'latin1').toString('utf8')) ?? []);
}
