import { closeSync, constants, fstatSync, openSync, renameSync, writeSync } from 'node:fs';
import { type JournalEntry, journalLevel } from '../../protocol/index.js';

/** Takes lines for the supervisor's log; an error among the fields is told with its type, message and stack. */
export type Logger = Readonly<Record<Level, (message: string, fields?: Readonly<Record<string, unknown>>) => void>>;

/** The supervisor's own log: JSON lines in `supervisor.log`. */
export interface SupervisorLog {
  readonly logger: Logger;
  readonly entry: (entry: JournalEntry) => void;
  readonly close: () => void;
}

/** The numbers that pino gives them, so that its tools read the file. */
const levels = { info: 30, warn: 40, error: 50 } as const;
type Level = keyof typeof levels;

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
  const log = (level: Level, fields: Readonly<Record<string, unknown>>, msg: string) => {
    const time = new Date().toISOString();
    append(file, `${describe({ level: levels[level], time, pid: process.pid, ...fields, msg })}\n`);
    begin();
  };
  return {
    logger: {
      info: (message, fields = {}) => log('info', fields, message),
      warn: (message, fields = {}) => log('warn', fields, message),
      error: (message, fields = {}) => log('error', fields, message),
    },
    entry: (entry) => {
      const { event, time: _, ...fields } = entry;
      log(journalLevel(entry), fields, event);
    },
    close: () => {
      if (file !== undefined) closeSync(file);
      file = undefined;
    },
  };
}

function describe(record: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(record, (_, value: unknown) => (value instanceof Error ? describeError(value) : value));
}

function describeError(error: Error): Readonly<Record<string, unknown>> {
  return { ...error, type: error.name, message: error.message, stack: error.stack };
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
