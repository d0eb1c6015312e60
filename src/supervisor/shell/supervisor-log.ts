import { type DestinationStream, destination, type Logger, pino } from 'pino';
import type { JournalEntry } from '../../protocol/index.js';

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
    entry: ({ event, time: _, ...fields }) => logger[levelOf(event)](fields, event),
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

const warnings: readonly JournalEntry['event'][] = [
  'leftovers_removed',
  'launch_failed',
  'hang_detected',
  'waiting',
  'killed',
];

function levelOf(event: JournalEntry['event']): 'info' | 'warn' | 'error' {
  if (event === 'gave_up') return 'error';
  return warnings.includes(event) ? 'warn' : 'info';
}
