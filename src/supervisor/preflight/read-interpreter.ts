import { closeSync, openSync, readSync } from 'node:fs';

/** As much of a first line as Linux looks at. */
const mostBytes = 256;

/** The words of a script's first line (`#!/usr/bin/env python3`); none for a file that has no such line. */
export function readInterpreter(path: string): string[] {
  const file = openSync(path, 'r');
  try {
    const start = Buffer.alloc(mostBytes);
    const line = start.toString('latin1', 0, readSync(file, start, 0, mostBytes, 0));
    // A carriage return stays: to the kernel it is a part of the name.
    const [, words = ''] = /^#! *([^\n]*)/.exec(line) ?? [];
    return words.split(/[ \t]+/).filter((word) => word !== '');
  } finally {
    closeSync(file);
  }
}
