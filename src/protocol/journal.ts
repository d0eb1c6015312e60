import { parseJson } from './parse-json.js';

/** Kinds of fields in a journal entry; a `?` behind one makes it optional. */
type Kind = 'count' | 'number' | 'text' | 'texts' | 'flag' | 'object' | 'code';

/**
 * Every event of `journal.jsonl` with its fields: the single source of the entries' types and of their check when they are
 * read back. Counts are whole numbers from 0; epochs count from 1; durations are in milliseconds.
 */
export const journalEvents = {
  /** A supervisor took the run on. `start`: `new`, `continued` (after a stop or a death), `fresh` (checkpoints set aside). */
  run_started: {
    supervisor_pid: 'count',
    token: 'text',
    start: 'text',
    experiment_name: 'text',
    epochs_total: 'count',
    run_dir: 'text',
    checkpoint_dir: 'text',
    command: 'texts',
  },
  /**
   * What the relaunch found to continue from. `set_aside` names the folder that keeps what a fresh start found; `device` is the
   * number of the disk that has the checkpoint directory.
   */
  checkpoint_verified: {
    resume: 'flag',
    last_completed_epoch: 'count',
    epochs_total: 'count',
    checkpoint: 'text?',
    checkpoint_dir: 'text',
    set_aside: 'text?',
    device: 'text?',
    notes: 'texts',
  },
  /** Processes of an earlier attempt that were still there, and are gone now. */
  leftovers_removed: { pids: 'texts', commands: 'texts' },
  /** `warm`: by a spare that was waiting. */
  launching: { attempt: 'count', resume: 'flag', command: 'texts', warm: 'flag?' },
  launched: { attempt: 'count', pid: 'count', start_time: 'text', boot_id: 'text', output: 'text' },
  launch_failed: { attempt: 'count', reason: 'text' },
  adopted: { attempt: 'count', pid: 'count', start_time: 'text', boot_id: 'text' },
  /** The trainer's first sign of work. */
  ready: { attempt: 'count', after_ms: 'number' },
  /** `epoch_info` holds the file's own content, from which a torn one is restored. */
  epoch_completed: {
    attempt: 'count',
    epoch: 'count',
    epochs_total: 'count',
    status: 'text?',
    checkpoint: 'text?',
    best_epoch: 'count?',
    best_score: 'number?',
    epoch_ms: 'number?',
    epoch_info: 'object?',
  },
  /** The trainer reports an epoch before the one that it was launched from: it began anew, or further back. */
  not_resumed: { attempt: 'count', launched_from: 'count', epoch: 'count' },
  /** The log of an attempt has grown beyond its limit: its last part is in `output.log.1`, and it begins anew. */
  log_cut: { attempt: 'count', bytes: 'number' },
  /** No sign of work for longer than this phase has ever taken. */
  hang_detected: { attempt: 'count', phase: 'text', silent_ms: 'number', threshold_ms: 'number' },
  /**
   * The end of an attempt. `code` and `signal` are null when unknown (an adopted process). One that diverged says at which batch:
   * the epoch, and how many of its steps were done before it.
   */
  exited: {
    attempt: 'count',
    code: 'code',
    signal: 'text?',
    class: 'text',
    summary: 'text',
    evidence: 'texts',
    diverged_epoch: 'count?',
    diverged_step: 'count?',
    ran_ms: 'number',
    lost_ms: 'number',
    restarts: 'count',
    restarts_without_progress: 'count',
  },
  backing_off: { attempt: 'count', delay_ms: 'number', restarts: 'count', restarts_without_progress: 'count' },
  waiting: { resource: 'text', detail: 'text' },
  stop_requested: { reason: 'text', forced: 'flag' },
  stopping: { attempt: 'count', cause: 'text', grace_ms: 'number' },
  killed: { attempt: 'count', cause: 'text' },
  stopped: { reason: 'text', epochs_completed: 'count', epochs_total: 'count' },
  completed: { epochs_completed: 'count', epochs_total: 'count', early: 'flag', launched: 'flag' },
  /**
   * The journal grew long: this is another part of it. The `carried` entries before this one are repeated from the part before;
   * `failures` and `failed_ms` are the number and the running time of attempts that failed and are not among them.
   */
  rotated: { part: 'count', carried: 'count', failures: 'count', failed_ms: 'number' },
  gave_up: { reason: 'text', explanation: 'text', class: 'text?', epochs_completed: 'count', epochs_total: 'count' },
  /** A checkpoint is committed at the remote store. `behind_ms`: how long the store had not got one before. */
  uploaded: {
    url: 'text',
    checkpoint: 'text',
    epoch: 'count',
    step: 'count',
    best_epoch: 'count?',
    bytes: 'count',
    upload_ms: 'number',
    removed: 'count',
    behind_ms: 'number?',
  },
  /** It could not be brought there, and is tried again after `retry_ms`. Recorded once for each reason. */
  upload_failed: { url: 'text', reason: 'text', fix: 'text?', since: 'text', retry_ms: 'number' },
  /** The work is over, and the end waits for what is still to be uploaded. */
  uploading: { wait_ms: 'number' },
  /** A checkpoint comes from the remote store, because there is none here that can be loaded. */
  fetching: { url: 'text', checkpoint: 'text', bytes: 'count' },
} as const satisfies Record<string, Record<string, Kind | `${Kind}?`>>;

export type JournalEventName = keyof typeof journalEvents;

/** What happened, before it is stamped with the time of day. */
export type JournalRecord = { [Name in JournalEventName]: RecordOf<Name> }[JournalEventName];

/** One record of a given name. */
export type RecordOf<Name extends JournalEventName> = { readonly event: Name } & FieldsOf<(typeof journalEvents)[Name]>;

/** One line of `journal.jsonl`; `time` is an ISO date in UTC. */
export type JournalEntry = JournalRecord & { readonly time: string };

/**
 * Parses the text of a journal. Total: a torn last line, or any line that is no entry we know, is left out and counted in
 * `damaged`; the entries around it are kept.
 */
export function parseJournal(text: string): { readonly entries: JournalEntry[]; readonly damaged: number } {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const entries = lines.flatMap((line) => parseJournalLine(line) ?? []);
  return { entries, damaged: lines.length - entries.length };
}

/** Parses one line; undefined for anything that is no entry. Never throws. */
export function parseJournalLine(line: string): JournalEntry | undefined {
  let value: unknown;
  try {
    value = parseJson(line);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const raw = value as Record<string, unknown>;
  const name = raw['event'];
  if (typeof name !== 'string' || !Object.hasOwn(journalEvents, name) || typeof raw['time'] !== 'string')
    return undefined;
  const fields = Object.entries(journalEvents[name as JournalEventName]);
  return fields.every(([key, kind]) => matchesKind(raw[key], kind)) ? (value as JournalEntry) : undefined;
}

interface KindTypes {
  count: number;
  number: number;
  text: string;
  texts: readonly string[];
  flag: boolean;
  object: Readonly<Record<string, unknown>>;
  code: number | null;
}

type FieldsOf<Spec> = {
  readonly [Key in keyof Spec as Spec[Key] extends `${string}?` ? never : Key]: TypeOf<Spec[Key]>;
} & { readonly [Key in keyof Spec as Spec[Key] extends `${string}?` ? Key : never]?: TypeOf<Spec[Key]> | undefined };

type TypeOf<Spelled> = Spelled extends `${infer Base extends Kind}?` ? KindTypes[Base] : KindTypes[Spelled & Kind];

function matchesKind(value: unknown, spelled: string): boolean {
  if (spelled.endsWith('?') && value === undefined) return true;
  switch (spelled.replace('?', '') as Kind) {
    case 'count':
      // The next number counts too.
      return Number.isSafeInteger(value) && Number(value) >= 0 && Number(value) < Number.MAX_SAFE_INTEGER;
    case 'number':
      return Number.isFinite(value);
    case 'text':
      return typeof value === 'string';
    case 'texts':
      return Array.isArray(value) && value.every((item) => typeof item === 'string');
    case 'flag':
      return typeof value === 'boolean';
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value);
    case 'code':
      return value === null || Number.isSafeInteger(value);
  }
}
