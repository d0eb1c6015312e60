import { getBackend } from '@tensorflow/tfjs-core';
import type { TensorData } from '../../checkpoint/index.js';
import { mayHold, viewWasmTensor } from '../backends/wasm-memory.js';
import { keepValues } from '../capture/variable-values.js';
import { copyInBackground, copyVariables, entryOf, isCopiedToGiven, type Take } from './copy-variables.js';
import type { TrainingTensors } from './training-tensors.js';

/** Checkpoint entries that stay as they are while the training goes on. */
export interface HeldEntries {
  readonly entries: [string, TensorData][];
  /** Shared by threads: 0 as long as the entries are being filled, then 1. Undefined when they are complete. */
  readonly ready: Int32Array | undefined;
  /** Lets go of them; to be called when nobody reads them any more. */
  readonly release: () => void;
}

/**
 * The variables' present values for another thread to read. WebAssembly's are not copied at all: a step gives variables other
 * tensors, and these are kept until then. TensorFlow's are copied while the next step computes, which changes what has not been
 * copied by then in memory of its own. All others are copied at once.
 */
export async function holdVariables(tensors: TrainingTensors, take: Take): Promise<HeldEntries> {
  if (isKept(tensors)) return keepVariables(tensors);
  const { entries, ready } = copyInBackground(tensors, take) ?? { entries: await copyVariables(tensors, take) };
  return { entries, ready, release: () => undefined };
}

/** Bytes of the memory that {@link holdVariables} takes, at most. */
export function bytesToHold(tensors: TrainingTensors): number {
  return isKept(tensors) || !isCopiedToGiven() ? 0 : bytesOf(tensors);
}

/** Whether the variables' tensors stay where they are, for all threads to read. */
function isKept(tensors: TrainingTensors): boolean {
  return getBackend() === 'wasm' && mayHold(bytesOf(tensors));
}

function keepVariables({ variables, settle }: TrainingTensors): HeldEntries {
  settle?.();
  const { values, dispose } = keepValues([...variables.values()]);
  const entries = Array.from(variables, ([name, variable]) => {
    const value = values.get(variable);
    if (value === undefined) throw new Error(`${name} has no value`);
    return entryOf(name, variable, viewWasmTensor(value));
  });
  return { entries, ready: undefined, release: dispose };
}

function bytesOf({ variables }: TrainingTensors): number {
  return [...variables.values()].reduce((sum, { size }) => sum + 4 * size + 8, 0);
}
