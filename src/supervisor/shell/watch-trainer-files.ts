import { readdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { watch } from 'chokidar';
import { epochInfoPath, type Heartbeat, isUnreadable, parseEpochInfo, parseHeartbeat } from '../../protocol/index.js';
import { type Progress, progressOf } from '../progress.js';

export interface TrainerFiles {
  readonly checkpointDir: string;
  readonly heartbeat: string;
  readonly epochBase: 0 | 1;
}

export interface TrainerFilesListener {
  readonly onProgress: (progress: Progress) => void;
  readonly onHeartbeat: (heartbeat: Heartbeat) => void;
}

/** How often both files are read without a notification: network file systems send none for another machine's writes. */
const safetyPollMs = 2000;

/** Watches `epoch_info.json` and the heartbeat until the returned function is called. */
export function watchTrainerFiles(files: TrainerFiles, listener: TrainerFilesListener): () => Promise<void> {
  const epochInfo = epochInfoPath(files.checkpointDir);
  const watched = [epochInfo, files.heartbeat];
  const folders = [...new Set(watched.map(dirname))];
  let lastHeartbeat = '';
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
  const watcher = watch(folders, {
    depth: 0,
    ignoreInitial: true,
    ignored: (path) => !folders.includes(path) && !watched.includes(path),
  });
  watcher.on('all', (_, path) => {
    if (path === epochInfo) readProgressNow();
    if (path === files.heartbeat) readHeartbeatNow();
  });
  // Without notifications (inotify limits, a folder that was removed) the poll goes on.
  watcher.on('error', () => undefined);
  const poll = setInterval(() => {
    readHeartbeatNow();
    readProgressNow();
  }, safetyPollMs);
  return async () => {
    clearInterval(poll);
    await watcher.close();
  };
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
    return readFileSync(path, 'utf8');
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
