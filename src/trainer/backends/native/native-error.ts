import { SuperviseError } from '../../../protocol/index.js';

/** Something that a native backend needs is missing or does not fit. */
export function nativeError(what: string, hint: string, cause?: unknown): SuperviseError {
  return new SuperviseError('NATIVE_BUILD', { what, hint }, { cause });
}
