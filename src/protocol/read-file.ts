import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { systemErrorCode } from './errors.js';

/** More than any file of the contract needs; what is larger is not taken for one. */
const mostBytes = 16 * 2 ** 20;

/**
 * Reads a file that anybody may have put there. Whatever stands in its place, this returns or throws at once: a named pipe, of
 * which a plain read would wait for a writer, is refused, and so is what is too large to be one of ours.
 * @throws the system error; or an Error with the code `ENOTFILE` or `EFBIG`
 */
export function readFileBounded(path: string, most = mostBytes): Buffer {
  const file = openRegularFile(path);
  try {
    const { size } = fstatSync(file);
    if (size > most) throw refusal('EFBIG', path, `it has ${size} bytes, more than ${most}`);
    return readFileSync(file);
  } finally {
    closeSync(file);
  }
}

/** Opens a file for reading, unless it is a directory, a named pipe or a device. Never waits. */
export function openRegularFile(path: string): number {
  const file = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  if (fstatSync(file).isFile()) return file;
  closeSync(file);
  throw refusal('ENOTFILE', path, 'it is not a regular file');
}

/** Whether a path leads to no file that can be one of ours, rather than to one that cannot be read now. */
export function isNoFile(error: unknown): boolean {
  return noFile.has(systemErrorCode(error) ?? '');
}

const noFile = new Set([
  'ENOTFILE',
  'EFBIG',
  'ELOOP',
  'ENXIO',
  'ENOTDIR',
  'EISDIR',
  'ENAMETOOLONG',
  'ERR_INVALID_ARG_VALUE',
]);

function refusal(code: string, path: string, what: string): Error {
  return Object.assign(new Error(`${code}: ${what}, open '${path}'`), { code });
}
