import { type JournalEntry, journalLevel, type RunStatus } from '../../protocol/index.js';
import { describeEntry } from './describe-entry.js';
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
export async function createTerminalView({ stream, isTerminal }: TerminalViewOptions): Promise<TerminalView> {
  const bars = isTerminal ? (await import('./progress-bars.js')).createProgressBars(stream) : undefined;
  const prettify = isTerminal ? await createPrettifier() : undefined;
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
      const lines = describeEntry(entry);
      print(
        prettify !== undefined && lines.length > 0 ? prettify(entry, lines) : lines.map((line) => stamp(entry, line)),
      );
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

const levels = { info: 30, warn: 40, error: 50 } as const;

/** Lines as pino-pretty shows them; it is loaded for a terminal only. */
async function createPrettifier(): Promise<(entry: JournalEntry, lines: readonly string[]) => string[]> {
  const { prettyFactory } = await import('pino-pretty');
  const pretty = prettyFactory({
    colorize: process.env['NO_COLOR'] === undefined,
    translateTime: 'SYS:HH:MM:ss',
    ignore: 'pid,hostname',
  });
  return (entry, lines) => {
    const record = { level: levels[journalLevel(entry)], time: Date.parse(entry.time), msg: lines.join('\n  ') };
    return [String(pretty(record)).trimEnd()];
  };
}

function stamp({ time }: JournalEntry, line: string): string {
  return `${time.slice(11, 19)} ${line}`;
}
