import { type EpochInfo, isUnreadable, parseEpochInfo } from './epoch-info.js';
import { readFileBounded } from './read-file.js';
import { epochInfoPath } from './run-directory.js';

/** What a directory's `epoch_info.json` says; undefined when it says nothing that can be read, or is not there. */
export function readEpochInfo(directory: string, epochBase: 0 | 1 = 1): EpochInfo | undefined {
  try {
    const info = parseEpochInfo(readFileBounded(epochInfoPath(directory)).toString('utf8'), epochBase);
    return isUnreadable(info) ? undefined : info;
  } catch {
    return undefined;
  }
}
