import { type FSWatcher, statSync, watch } from 'node:fs';
import { basename, dirname } from 'node:path';

/** A watch on one folder, as long as that folder is there. */
export interface FolderWatch {
  /** Whether the folder of that name is still the one that is watched. */
  readonly isCurrent: () => boolean;
  readonly close: () => void;
}

/**
 * Calls `onEvent` whenever the file at `path` was written, replaced or removed; never for another file of its folder. Nothing is
 * read for that: a watcher that compares what is in the folder, as chokidar does, would read the run directory again at each of
 * the supervisor's own writes.
 */
export function watchFile(path: string, onEvent: () => void): FolderWatch {
  const folder = dirname(path);
  const name = basename(path);
  const opened = inodeOf(folder);
  const watcher = watchFolder(folder, (changed) => {
    if (changed === null || changed === name) onEvent();
  });
  return {
    isCurrent: () => inodeOf(folder) === opened,
    close: () => watcher?.close(),
  };
}

/** Undefined where nothing can be notified (inotify limits, a folder that is gone): the poll of both files goes on. */
function watchFolder(folder: string, onChange: (name: string | null) => void): FSWatcher | undefined {
  try {
    const watcher = watch(folder, (_, name) => onChange(name));
    watcher.on('error', () => undefined);
    return watcher;
  } catch {
    return undefined;
  }
}

/** Which folder or file a path names now; undefined when it names none. */
export function inodeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino;
}
