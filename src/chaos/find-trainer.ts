import type { JournalEntry } from '../protocol/index.js';
import type { Victim } from './target.js';

/** The trainer that lives by what the journal tells: launched or adopted, and not ended since. Pure. */
export function findLaunched(entries: readonly JournalEntry[]): Victim | undefined {
  const last = entries.findLast(({ event }) => event === 'launched' || event === 'adopted' || event === 'exited');
  if (last?.event !== 'launched' && last?.event !== 'adopted') return undefined;
  return { pid: last.pid, startTime: last.start_time, attempt: last.attempt };
}
