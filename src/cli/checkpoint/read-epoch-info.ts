import { readFileSync } from 'node:fs';
import { type EpochInfo, epochInfoPath, isUnreadable, parseEpochInfo } from '../../protocol/index.js';

/** What the directory's `epoch_info.json` says; undefined when it says nothing that can be read. */
export function readEpochInfo(directory: string): EpochInfo | undefined {
  try {
    const info = parseEpochInfo(readFileSync(epochInfoPath(directory), 'utf8'));
    return isUnreadable(info) ? undefined : info;
  } catch {
    return undefined;
  }
}
