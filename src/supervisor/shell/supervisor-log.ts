import { type DestinationStream, destination, type Logger, pino } from 'pino';
import { type JournalEntry, journalLevel } from '../../protocol/index.js';

/** The supervisor's own log: JSON lines in `supervisor.log`. */
export interface SupervisorLog {
  readonly logger: Logger;
  readonly entry: (entry: JournalEntry) => void;
  readonly close: () => void;
}

/** Opens the log for appending. A disk that refuses loses log lines, never the run. */
export function openSupervisorLog(path: string): SupervisorLog {
  const file = destination({ dest: path, append: true, mkdir: true, sync: true });
  file.on('error', () => undefined);
  const logger = pino(
    { base: { pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime },
    file as DestinationStream,
  );
  return {
    logger,
    entry: (entry) => {
      const { event, time: _, ...fields } = entry;
      logger[journalLevel(entry)](fields, event);
    },
    close: () => {
      try {
        file.flushSync();
        file.end();
      } catch {
        // Nothing can be done about a log that cannot be written.
      }
    },
  };
}
