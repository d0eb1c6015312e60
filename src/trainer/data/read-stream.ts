import type { Line } from './batch.js';
import { decodeLine, type LineLayout } from './line-record.js';
import { parseRecord } from './record-dataset.js';
import type { RecordSet } from './record-set.js';
import type { StreamOrder } from './stream-order.js';

export interface StreamedLines {
  readonly set: RecordSet;
  readonly layout: LineLayout;
  /** Records of the set that are lines, ascending; without them all are. */
  readonly records?: Uint32Array | undefined;
}

/**
 * Hands out the lines of one reading of files in its order, from place `first` on. What comes before that is read past: it takes
 * the time of decompressing, and no memory. At most a buffer of lines is held, as bytes of their records.
 * @throws DATA_CORRUPT
 */
export async function* readStream(
  lines: StreamedLines,
  { files, order }: StreamOrder,
  first: number,
): AsyncGenerator<Line, void, void> {
  const handedOut = new Set(order.subarray(0, first));
  const held = new Map<number, { readonly bytes: Buffer; readonly record: number; readonly fileNumber: number }>();
  const coming = numberedRecords(lines, files);
  try {
    for (const wanted of order.subarray(first)) {
      while (!held.has(wanted)) {
        const { value, done } = await coming.next();
        if (done === true) throw new RangeError(`line ${wanted} does not come: the files have changed`);
        if (!handedOut.delete(value.line)) held.set(value.line, value);
      }
      const found = held.get(wanted) as NonNullable<ReturnType<typeof held.get>>;
      held.delete(wanted);
      const file = lines.set.files[found.fileNumber];
      if (file === undefined) throw new RangeError(`file ${found.fileNumber}`);
      yield parseRecord({ file, record: found.record }, found.bytes, (bytes) => decodeLine(bytes, lines.layout));
    }
  } finally {
    await coming.return();
  }
}

/** The records of the files in that order, with the number that each has as a line; those that are no lines are left out. */
async function* numberedRecords({ set, records }: StreamedLines, files: readonly number[]) {
  const starts = [0];
  for (const { size } of set.files) starts.push((starts.at(-1) as number) + size);
  const lineOf = records === undefined ? (record: number) => record : createLookup(records);
  for (const fileNumber of files) {
    const file = set.files[fileNumber];
    if (file === undefined) continue;
    let record = 0;
    for await (const bytes of file.records()) {
      const line = lineOf((starts[fileNumber] as number) + record);
      if (line !== undefined) yield { line, bytes, record, fileNumber };
      record++;
    }
  }
}

function createLookup(records: Uint32Array): (record: number) => number | undefined {
  const lines = new Map<number, number>();
  for (const [line, record] of records.entries()) lines.set(record, line);
  return (record) => lines.get(record);
}
