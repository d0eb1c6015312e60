import { closeSync, fstatSync, readSync } from 'node:fs';
import { stripVTControlCharacters } from 'node:util';
import { openRegularFile } from '../../protocol/index.js';

const tailBytes = 64 * 1024;
const tailLines = 200;

/**
 * The last lines of a log, oldest first, without colours, progress-bar rewrites and control characters; empty when there is
 * none. A log of any size and content costs the same.
 */
export function readLogTail(path: string): string[] {
  try {
    const file = openRegularFile(path);
    try {
      return toLines(readLast(file));
    } finally {
      closeSync(file);
    }
  } catch {
    return [];
  }
}

function readLast(file: number): string {
  const { size } = fstatSync(file);
  if (size === 0) return '';
  const bytes = Buffer.alloc(Math.min(size, tailBytes));
  const read = readSync(file, bytes, 0, bytes.length, size - bytes.length);
  return bytes.subarray(0, read).toString('utf8');
}

function toLines(text: string): string[] {
  if (text === '') return [];
  return stripVTControlCharacters(text)
    .split('\n')
    .map((line) => (line.split('\r').findLast((part) => part.trim() !== '') ?? '').trimEnd())
    .map((line) => line.replaceAll(/\p{Cc}/gu, (character) => (character === '\t' ? '\t' : '')))
    .filter((line) => line !== '')
    .slice(-tailLines);
}
