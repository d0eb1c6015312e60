import { parseJson } from './parse-json.js';

/** What a trainer says of its run in `epoch_info.json`. Only `last_completed_epoch` is required. */
export interface EpochInfo {
  /** Completed epochs, counted from 1; 0 before the first one is done. */
  readonly last_completed_epoch: number;
  readonly best_epoch?: number;
  readonly best_score?: number;
  readonly timestamp?: string;
  readonly total_epochs?: number;
  readonly status?: EpochInfoStatus;
  /** Name of the checkpoint that belongs to `last_completed_epoch`, e.g. `ckpt-2`. */
  readonly checkpoint?: string;
  readonly partial?: PartialEpoch;
  readonly format_version?: number;
  /** Keys that we do not know are kept when the file is rewritten. */
  readonly [unknownKey: string]: unknown;
}

export const epochInfoStatuses = ['running', 'completed', 'early_stopped', 'preempted', 'diverged'] as const;

export type EpochInfoStatus = (typeof epochInfoStatuses)[number];

/** A checkpoint inside an epoch: `step` steps of epoch `epoch` (from 1) are done. */
export interface PartialEpoch {
  readonly epoch: number;
  readonly step: number;
  readonly checkpoint: string;
}

/** Why a text is no epoch_info; to the supervisor it means "not yet", never "crash" and never "epoch 0". */
export interface Unreadable {
  readonly unreadable: string;
}

/**
 * Parses the text of `epoch_info.json`. Total: it never throws, whatever the text holds. Known optional fields of a wrong
 * type are dropped, unknown ones are kept. With `epochBase` 0 (a trainer that counts from 0) epochs come out counted from 1.
 */
export function parseEpochInfo(text: string, epochBase: 0 | 1 = 1): EpochInfo | Unreadable {
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (error) {
    return { unreadable: text.trim() === '' ? 'the file is empty' : `not JSON (${(error as Error).message})` };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { unreadable: 'not a JSON object' };
  const raw = value as Record<string, unknown>;
  const shift = 1 - epochBase;
  const last = raw['last_completed_epoch'];
  if (!isCount(last, -shift)) {
    return { unreadable: `last_completed_epoch is ${JSON.stringify(last)?.slice(0, 80)}, expected a whole number` };
  }
  return { ...raw, ...knownFields(raw, shift), last_completed_epoch: last + shift };
}

/** Tells the two results of {@link parseEpochInfo} apart. */
export function isUnreadable(value: EpochInfo | Unreadable): value is Unreadable {
  return 'unreadable' in value && !('last_completed_epoch' in value);
}

type OptionalFields = {
  -readonly [Key in
    | 'best_epoch'
    | 'best_score'
    | 'timestamp'
    | 'total_epochs'
    | 'status'
    | 'checkpoint'
    | 'partial'
    | 'format_version']: unknown;
};

function knownFields(raw: Record<string, unknown>, shift: number): Partial<EpochInfo> {
  const fields: OptionalFields = {
    best_epoch: isCount(raw['best_epoch'], -shift) ? raw['best_epoch'] + shift : undefined,
    best_score: isFiniteNumber(raw['best_score']) ? raw['best_score'] : undefined,
    timestamp: typeof raw['timestamp'] === 'string' ? raw['timestamp'] : undefined,
    total_epochs: isCount(raw['total_epochs'], 0) ? raw['total_epochs'] : undefined,
    status: epochInfoStatuses.find((status) => status === raw['status']),
    checkpoint: typeof raw['checkpoint'] === 'string' ? raw['checkpoint'] : undefined,
    partial: parsePartial(raw['partial'], shift),
    format_version: isCount(raw['format_version'], 0) ? raw['format_version'] : undefined,
  };
  return fields as Partial<EpochInfo>;
}

function parsePartial(value: unknown, shift: number): PartialEpoch | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { epoch, step, checkpoint } = value as Record<string, unknown>;
  if (!isCount(epoch, -shift) || !isCount(step, 0) || typeof checkpoint !== 'string') return undefined;
  return { epoch: epoch + shift, step, checkpoint };
}

/** Far more than any run has epochs or steps, and small enough to count on from. */
const greatest = 1e12;

function isCount(value: unknown, least: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= least && value <= greatest;
}

function isFiniteNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}
