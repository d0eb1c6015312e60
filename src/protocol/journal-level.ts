import type { JournalEntry } from './journal.js';

/** How serious a journal entry is: the level of its line in a log. */
export function journalLevel(entry: JournalEntry): 'info' | 'warn' | 'error' {
  switch (entry.event) {
    case 'gave_up':
      return 'error';
    case 'exited':
      return entry.class === 'finished' || entry.class === 'stopped' ? 'info' : 'warn';
    case 'checkpoint_verified':
      return entry.notes.length > 0 ? 'warn' : 'info';
    case 'leftovers_removed':
    case 'launch_failed':
    case 'not_resumed':
    case 'log_cut':
    case 'hang_detected':
    case 'waiting':
    case 'killed':
    case 'upload_failed':
      return 'warn';
    default:
      return 'info';
  }
}
