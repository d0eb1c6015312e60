import type { ErrorCode, Problem } from '../../protocol/index.js';
import type { Batch } from './batch.js';
import type { DatasetOptions } from './open-dataset.js';
import type { StepRange } from './train-set.js';

/** What the data thread is started with. */
export interface ThreadStart extends Pick<DatasetOptions, 'config' | 'seed' | 'dir'> {
  readonly characters: readonly string[];
}

/** What the data thread is asked; `id` comes back with each answer. */
export type ThreadRequest =
  | { readonly kind: 'read'; readonly id: number; readonly set: 'train' | 'validation'; readonly indices: Uint32Array }
  | { readonly kind: 'steps'; readonly id: number; readonly range: StepRange }
  /** The next batch of a range of steps may be sent. */
  | { readonly kind: 'more'; readonly id: number }
  | { readonly kind: 'stop'; readonly id: number }
  | { readonly kind: 'close'; readonly id: number };

/** A set's measures. */
export interface SetSize {
  readonly size: number;
  readonly width: number;
  readonly height: number;
}

/** What the data thread tells. */
export type ThreadMessage =
  | { readonly kind: 'alive' }
  | {
      readonly kind: 'opened';
      readonly train: SetSize;
      readonly validation: SetSize;
      readonly paths: readonly string[];
    }
  | { readonly kind: 'batch'; readonly id: number; readonly batch: Batch }
  | { readonly kind: 'end'; readonly id: number }
  /** Without an id the opening failed. */
  | { readonly kind: 'failed'; readonly id: number | undefined; readonly failure: Failure };

/** An error as it travels between threads, which know each other's classes not. */
export interface Failure {
  readonly message: string;
  readonly stack: string | undefined;
  readonly known: { readonly code: ErrorCode; readonly problem: Problem } | undefined;
}
