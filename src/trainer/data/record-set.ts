import type { RecordFile } from './record-file.js';

/** Files of records, read as one: numbered on from file to file. */
export interface RecordSet {
  readonly files: readonly RecordFile[];
  readonly size: number;
  /** Whether one of the files can only be read from front to back. */
  readonly isSequential: boolean;
  /** The file that holds a record, and its number there. @throws RangeError */
  readonly locate: (record: number) => Place;
}

/** A record of a set by file and number in that file. */
export interface Place {
  readonly file: RecordFile;
  readonly fileNumber: number;
  readonly record: number;
}

/** Puts open files together. */
export function joinFiles(files: readonly RecordFile[]): RecordSet {
  const ends: number[] = [];
  for (const file of files) ends.push((ends.at(-1) ?? 0) + file.size);
  const size = ends.at(-1) ?? 0;
  return {
    files,
    size,
    isSequential: files.some(({ isSequential }) => isSequential),
    locate: (record) => {
      const fileNumber = findFile(ends, record);
      const file = files[fileNumber];
      if (!(record >= 0 && record < size) || file === undefined) throw new RangeError(`record ${record} of ${size}`);
      return { file, fileNumber, record: record - (ends[fileNumber - 1] ?? 0) };
    },
  };
}

/** The first file that ends after the record (binary search: a set may have thousands of shards). */
function findFile(ends: readonly number[], record: number): number {
  let [low, high] = [0, ends.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ends[middle] as number) > record) high = middle;
    else low = middle + 1;
  }
  return low;
}
