import { join } from 'node:path';
import { type EpochInfo, isUnreadable, parseEpochInfo, SuperviseError } from '../protocol/index.js';
import { openBundle } from './open-bundle.js';
import type { CheckpointName, CommittedCheckpoint } from './retention-policy.js';

/** Name of the string tensor that holds the checkpoint's own copy of `epoch_info.json`. */
export const epochInfoTensor = '_supervise/epoch_info/.ATTRIBUTES/VARIABLE_VALUE';

/**
 * The record that a checkpoint itself carries; undefined when it has none that can be read.
 * @throws CHECKPOINT_CORRUPT, CHECKPOINT_MISSING, or the system error when the checkpoint cannot be read
 */
export function readOwnRecord(prefix: string): EpochInfo | undefined {
  const bundle = openBundle(prefix);
  try {
    if (!bundle.has(epochInfoTensor)) return undefined;
    const { data } = bundle.read(epochInfoTensor);
    const text = data instanceof Uint8Array ? data : data[0];
    const record = parseEpochInfo(new TextDecoder().decode(text));
    return isUnreadable(record) ? undefined : record;
  } finally {
    bundle.close();
  }
}

/** Adds what the checkpoints' records say of metrics and time; a damaged one stays without. */
export function withRecords(directory: string, checkpoints: readonly CheckpointName[]): CommittedCheckpoint[] {
  return checkpoints.map((checkpoint) => ({ ...checkpoint, ...retentionFacts(join(directory, checkpoint.name)) }));
}

function retentionFacts(prefix: string): Partial<CommittedCheckpoint> {
  try {
    const record = readOwnRecord(prefix);
    const metrics = record?.['metrics'];
    const savedAtMs = Date.parse(record?.timestamp ?? '');
    return {
      ...(typeof metrics === 'object' && metrics !== null && { metrics: numbersOf(metrics) }),
      ...(Number.isFinite(savedAtMs) && { savedAtMs }),
    };
  } catch (error) {
    if (error instanceof SuperviseError) return {};
    throw error;
  }
}

function numbersOf(metrics: object): Record<string, number> {
  return Object.fromEntries(
    Object.entries(metrics).filter((pair): pair is [string, number] => typeof pair[1] === 'number'),
  );
}
