import { closeSync, fstatSync, readdirSync, statSync } from 'node:fs';
import { setImmediate } from 'node:timers';
import { watch } from 'chokidar';
import {
  epochInfoPath,
  type Heartbeat,
  isUnreadable,
  openRegularFile,
  parseEpochInfo,
  parseHeartbeat,
  readFileBounded,
} from '../../protocol/index.js';
import { type Progress, progressOf } from '../progress.js';
import { type FolderWatch, inodeOf, watchFile } from './watch-file.js';

export interface TrainerFiles {
  readonly checkpointDir: string;
  readonly heartbeat: string;
  readonly epochBase: 0 | 1;
}

export interface TrainerFilesListener {
  readonly onProgress: (progress: Progress) => void;
  readonly onHeartbeat: (heartbeat: Heartbeat) => void;
  /** Every ten seconds, whatever happens. */
  readonly onPoll: () => void;
}

/** Watches the files of a run, attempt after attempt. */
export interface TrainerFilesWatch {
  /** To be called with each attempt: begins anew when a folder is not the one any more that is watched. */
  readonly renew: () => void;
  readonly close: () => void;
}

/** How often both files are looked at without a notification: network file systems send none for another machine's writes. */
const safetyPollMs = 10_000;

/** Watches `epoch_info.json` and the heartbeat until it is closed. */
export function watchTrainerFiles(files: TrainerFiles, listener: TrainerFilesListener): TrainerFilesWatch {
  const epochInfo = epochInfoPath(files.checkpointDir);
  let lastHeartbeat = '';
  let isClosed = false;
  const readProgressNow = () => {
    const progress = readProgress(files.checkpointDir, files.epochBase);
    if (progress !== undefined) listener.onProgress(progress);
  };
  const readHeartbeatNow = () => {
    const text = readText(files.heartbeat);
    if (text === undefined || text === lastHeartbeat) return;
    lastHeartbeat = text;
    const heartbeat = parseHeartbeat(text);
    if (heartbeat !== undefined) listener.onHeartbeat(heartbeat);
  };
  const openWatches = [
    () => watchEpochInfo(files.checkpointDir, epochInfo, readProgressNow),
    () => watchFile(files.heartbeat, readHeartbeatNow),
  ];
  const watches = openWatches.map((open) => open());
  const looks = [readOnChange(files.heartbeat, readHeartbeatNow), readOnChange(epochInfo, readProgressNow)];
  const lookAtBoth = () => {
    if (!isClosed) for (const look of looks) look();
  };
  const poll = setInterval(() => {
    lookAtBoth();
    listener.onPoll();
  }, safetyPollMs);
  return {
    renew: () => {
      openWatches.forEach((open, index) => {
        if (watches[index]?.isCurrent()) return;
        watches[index]?.close();
        watches[index] = open();
        // What was written before the watch began notifies nobody.
        setImmediate(lookAtBoth);
      });
    },
    close: () => {
      isClosed = true;
      clearInterval(poll);
      for (const { close } of watches) close();
    },
  };
}

function watchEpochInfo(checkpointDir: string, epochInfo: string, onEvent: () => void): FolderWatch {
  const watcher = watch(checkpointDir, {
    depth: 0,
    ignoreInitial: true,
    ignored: (path) => path !== checkpointDir && path !== epochInfo,
  });
  watcher.on('all', (_, path) => (path === epochInfo ? onEvent() : undefined));
  // What is written while the folder is read for the first time is taken for what was there.
  watcher.on('ready', onEvent);
  // Without notifications (inotify limits, a folder that was removed) the poll goes on.
  watcher.on('error', () => undefined);
  const opened = inodeOf(checkpointDir);
  return {
    isCurrent: () => inodeOf(checkpointDir) === opened,
    close: () => void watcher.close().catch(() => undefined),
  };
}

/** Reads a file when it is not the one that was there at the last look. It is opened, because that is when NFS asks its server. */
function readOnChange(path: string, read: () => void): () => void {
  let last = '';
  return () => {
    const version = versionOf(path);
    if (version === last) return;
    last = version;
    if (version !== '') read();
  };
}

/** Empty when it cannot be opened. */
function versionOf(path: string): string {
  try {
    if (statSync(path, { throwIfNoEntry: false }) === undefined) return '';
    const file = openRegularFile(path);
    try {
      const { ino, size, mtimeMs, ctimeMs } = fstatSync(file);
      return [ino, size, mtimeMs, ctimeMs].join(' ');
    } finally {
      closeSync(file);
    }
  } catch {
    return '';
  }
}

/** The completed work that `epoch_info.json` tells now; undefined while it is missing, torn or unreadable: "not yet". */
export function readProgress(checkpointDir: string, epochBase: 0 | 1): Progress | undefined {
  const text = readText(epochInfoPath(checkpointDir));
  if (text === undefined) return undefined;
  const info = parseEpochInfo(text, epochBase);
  return isUnreadable(info) ? undefined : progressOf(info, JSON.parse(text) as Record<string, unknown>);
}

function readText(path: string): string | undefined {
  try {
    // An error for what is usual, no file yet, would cost more than the look.
    if (statSync(path, { throwIfNoEntry: false }) === undefined) return undefined;
    return readFileBounded(path).toString('utf8');
  } catch {
    return undefined;
  }
}

/** The heartbeat that is there now, of whatever attempt. */
export function readHeartbeat(path: string): Heartbeat | undefined {
  const text = readText(path);
  return text === undefined ? undefined : parseHeartbeat(text);
}

/** Whether these folders can be read: else what is in them says nothing. */
export function canRead(folders: readonly string[]): boolean {
  try {
    for (const folder of folders) readdirSync(folder);
    return true;
  } catch {
    return false;
  }
}
