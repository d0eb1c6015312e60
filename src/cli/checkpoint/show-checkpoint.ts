import { openTensorFile, summarizeTensor, type TensorFile } from '../../checkpoint/index.js';
import { formatBytes } from '../format.js';

/** Rows of `supervise checkpoint show`: type, shape and statistics of the tensors whose names hold `part`. */
export function summarizeFile(path: string, part: string | undefined) {
  const file = openTensorFile(path);
  try {
    const names = file.names.filter((name) => part === undefined || name.includes(part));
    return names.map((name) => summarize(file, name));
  } finally {
    file.close();
  }
}

type Row = ReturnType<typeof summarize>;

/** The lines of a table of them. */
export function describeRows(rows: readonly Row[]): string[][] {
  const head = ['dtype', 'shape', 'bytes', 'min', 'max', 'mean', 'NaN', 'inf', 'name'];
  return [head, ...rows.map(toCells)];
}

function summarize(file: TensorFile, name: string) {
  const entry = file.entries.get(name);
  const { dtype = 'string', shape = [], size = 0, unreadable } = entry ?? {};
  const statistics = summarizeTensor(file, name);
  return { name, dtype, shape, bytes: size, ...statistics, ...(unreadable !== undefined && { unreadable }) };
}

function toCells(row: Row): string[] {
  const number = (value: number | undefined) => (value === undefined ? '' : formatNumber(value));
  const { dtype, shape, bytes, min, max, mean, nan, infinite } = row;
  const counts = [nan, infinite].map((count) => (count === undefined ? '' : String(count)));
  return [dtype, `[${shape}]`, formatBytes(bytes), number(min), number(max), number(mean), ...counts, row.name];
}

/** Five digits, as short as they can be said. */
export function formatNumber(value: number): string {
  return Number.isInteger(value) && Math.abs(value) < 1e9 ? String(value) : String(Number(value.toPrecision(5)));
}
