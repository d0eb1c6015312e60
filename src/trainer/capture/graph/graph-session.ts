import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TensorInfo, Variable } from '@tensorflow/tfjs-core';
import { dispose, Tensor, tensor } from '@tensorflow/tfjs-core';
import { type NativeTensor, nativeBackend } from '../../backends/tensorflow-ops.js';
import { idOf } from '../variable-values.js';
import { encodeSavedModel } from './graph-def.js';
import type { Recording } from './record-step.js';
import { setAllNode, type VariableTable } from './variable-table.js';

/** Recorded steps loaded into TensorFlow, with the variables that they share. */
export interface GraphSession {
  /** The binding's number of it. */
  readonly id: number;
  /** Takes a step with the inputs as they read now; returns its figures. */
  readonly run: (recording: Recording) => Record<string, number>;
  /** Gives the session's variables the values that the training's have. */
  readonly push: () => void;
  /** Gives these variables of the training the values that the session's have. */
  readonly pull: (variables: readonly Variable[]) => void;
  readonly dispose: () => void;
}

/** Loads recorded steps. @throws Error with TensorFlow's message when it does not take them */
export function openGraphSession(table: VariableTable, recordings: readonly Recording[]): GraphSession {
  const { binding } = nativeBackend();
  const id = load([...table.nodes(), ...recordings.flatMap(({ nodes }) => nodes)]);
  const entries = table.entries();
  return {
    id,
    run: ({ inputs, figures, output }) => {
      const read = inputs.map((input) => readInput(input.read));
      const names = inputs.map(({ name }) => name).join();
      const [made] = binding.runSavedModel(
        id,
        read.map(({ value }) => idOf(value)),
        names,
        output,
      );
      dispose(read.flatMap(({ value, isOwn }) => (isOwn ? [value] : [])));
      const values = takeValues(made);
      return Object.fromEntries(figures.map((name, index) => [name, values[index] as number]));
    },
    push: () => {
      const ids = entries.map(({ variable }) => idOf(variable));
      const names = entries.map(({ name }) => `${name}/value:0`).join();
      takeValues(binding.runSavedModel(id, ids, names, `${setAllNode}:0`)[0]);
    },
    pull: (variables) => {
      for (const [variable, made] of readValues(variables)) {
        const value = nativeBackend().createOutputTensor(made);
        (variable as Variable).assign(value as Variable);
        value.dispose();
      }
    },
    dispose: () => binding.deleteSavedModel(id),
  };

  /** They are the session's own memory until it changes a variable: then it goes on with a copy. */
  function readValues(variables: readonly Variable[]): Map<TensorInfo, NativeTensor> {
    const wanted = new Set<TensorInfo>(variables);
    const read = entries.filter(({ variable }) => wanted.has(variable));
    if (read.length === 0) return new Map();
    const made = binding.runSavedModel(id, [], '', read.map(({ name }) => `${name}/read:0`).join());
    return new Map(read.map(({ variable }, index) => [variable, made[index] as NativeTensor]));
  }

  function takeValues(made: ReturnType<typeof binding.runSavedModel>[number] | undefined): ArrayLike<number> {
    if (made === undefined) throw new Error('TensorFlow returned nothing');
    const values = binding.tensorDataSync(made.id) as ArrayLike<number>;
    binding.deleteTensor(made.id);
    return values;
  }
}

function load(nodes: Parameters<typeof encodeSavedModel>[0]): number {
  const directory = mkdtempSync(join(tmpdir(), 'supervise-graph-'));
  try {
    writeFileSync(join(directory, 'saved_model.pb'), encodeSavedModel(nodes));
    return nativeBackend().binding.loadSavedModel(directory, 'serve');
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** An input's value as a tensor, and whether it was made for this step. */
function readInput(read: Recording['inputs'][number]['read']): { readonly value: Tensor; readonly isOwn: boolean } {
  const found = read();
  if (found instanceof Tensor) return { value: found, isOwn: false };
  const { shape, values } = found;
  const dtype = values instanceof Int32Array ? 'int32' : 'float32';
  return { value: tensor(values, [...shape], dtype), isOwn: true };
}
