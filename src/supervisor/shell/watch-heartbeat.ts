import { type FSWatcher, statSync, watch } from 'node:fs';
import { basename, dirname } from 'node:path';

/** A watch on one folder, as long as that folder is there. */
export interface FolderWatch {
  /** Whether the folder of that name is still the one that is watched. */
  readonly isCurrent: () => boolean;
  readonly close: () => void;
}

/**
 * Calls `onEvent` whenever the file at `path` was written, replaced or removed; never for another file of its folder.
 * The folder is the run directory, into which the supervisor itself writes all the time: chokidar would read all of it
 * again at each of those writes, which is most of what a supervisor with nothing to do would do.
 */
export function watchHeartbeat(path: string, onEvent: () => void): FolderWatch {
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
