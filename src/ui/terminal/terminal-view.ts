import type { JournalEntry, RunStatus } from '../../protocol/index.js';
import { describeEntry } from './describe-entry.js';
import { createProgressBars } from './progress-bars.js';
import { summarize } from './summary.js';

/** What the user sees while a run is supervised. */
export interface TerminalView {
  readonly onEntry: (entry: JournalEntry) => void;
  readonly onStatus: (status: RunStatus) => void;
  /** Takes the bars away; prints the summary of a run that completed. May be called again. */
  readonly close: () => void;
}

export interface TerminalViewOptions {
  readonly stream: NodeJS.WriteStream;
  /** Bars on a terminal, one plain line an event otherwise. */
  readonly isTerminal: boolean;
}

/** Shows a run: a line for each event, and on a terminal bars for epoch and step below them. */
export function createTerminalView({ stream, isTerminal }: TerminalViewOptions): TerminalView {
  const bars = isTerminal ? createProgressBars(stream) : undefined;
  let last: RunStatus | undefined;
  let completed: { readonly early: boolean } | undefined;
  let isClosed = false;
  const print = (lines: readonly string[]) => {
    if (lines.length === 0) return;
    if (bars !== undefined && !isClosed) bars.log(lines);
    else stream.write(`${lines.join('\n')}\n`);
  };
  return {
    onEntry: (entry) => {
      if (entry.event === 'completed') completed = { early: entry.early };
      const stamp = isTerminal ? '' : `${entry.time.slice(11, 19)} `;
      print(describeEntry(entry).map((line) => `${stamp}${line}`));
    },
    onStatus: (status) => {
      last = status;
      bars?.update(status);
    },
    close: () => {
      if (isClosed) return;
      bars?.close();
      isClosed = true;
      if (completed !== undefined && last !== undefined) print(summarize(last, completed.early, new Date()));
    },
  };
}
