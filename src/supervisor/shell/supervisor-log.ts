import { closeSync, constants, fstatSync, openSync, renameSync, writeSync } from 'node:fs';
import { type Logger, pino } from 'pino';
import { type JournalEntry, journalLevel } from '../../protocol/index.js';

export type { Logger };

/** The supervisor's own log: JSON lines in `supervisor.log`. */
export interface SupervisorLog {
  readonly logger: Logger;
  readonly entry: (entry: JournalEntry) => void;
  readonly close: () => void;
}

/** A longer log becomes `supervisor.log.1`, in the place of an earlier one. */
const longestLog = 8 * 1024 * 1024;

/** Opens the log for appending. A disk that refuses loses log lines, never the run. */
export function openSupervisorLog(path: string, { mostBytes = longestLog } = {}): SupervisorLog {
  let file = openForAppending(path);
  const begin = () => {
    if (file === undefined || fstatSync(file).size < mostBytes) return;
    closeSync(file);
    rename(path, `${path}.1`);
    file = openForAppending(path);
  };
  // Pino's own destination waits for a full disk without end when it is closed, and all of us with it.
  const destination = {
    write: (line: string) => {
      append(file, line);
      begin();
    },
  };
  const logger = pino({ base: { pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime }, destination);
  return {
    logger,
    entry: (entry) => {
      const { event, time: _, ...fields } = entry;
      logger[journalLevel(entry)](fields, event);
    },
    close: () => {
      if (file !== undefined) closeSync(file);
      file = undefined;
    },
  };
}

function rename(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch {
    // It goes on growing.
  }
}

function append(file: number | undefined, line: string): void {
  if (file === undefined) return;
  try {
    writeSync(file, line);
  } catch {
    // Nothing can be done about a log that cannot be written.
  }
}

/** A named pipe would hold us up, and a folder or a read-only disk end us: then there is no log. */
function openForAppending(path: string): number | undefined {
  const { O_WRONLY, O_APPEND, O_CREAT, O_NONBLOCK = 0 } = constants;
  try {
    const file = openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK, 0o644);
    if (fstatSync(file).isFile()) return file;
    closeSync(file);
  } catch {
    // The journal tells what happened; this log only repeats it.
  }
  return undefined;
}
