import { SuperviseError } from '../../protocol/index.js';

/** DATA_CORRUPT for record `record` (from 0), whose header starts at byte `offset` of the file. */
export function corruptRecord(
  path: string,
  record: number,
  offset: number,
  what: string,
  cause?: unknown,
): SuperviseError {
  const problem = {
    what,
    where: `${path}: record ${record} (from 0) at byte ${offset}`,
    hint: 'make or copy the file again; a made data file can simply be deleted',
  };
  return new SuperviseError('DATA_CORRUPT', problem, { cause });
}

/** DATA_CORRUPT for a file that ends inside a record. */
export function endsEarly(path: string, record: number, offset: number, cause?: unknown): SuperviseError {
  return corruptRecord(path, record, offset, 'the file ends inside this record', cause);
}
