import type { Scalar, TensorInfo, Variable } from '@tensorflow/tfjs-core';
import { stack } from '@tensorflow/tfjs-core';
import { nativeBackend, nativeTypes } from '../../backends/tensorflow-ops.js';
import { scoped } from '../../nn/gradients.js';
import { recordUpdates } from '../../nn/optimizers/fused-update.js';
import { listenToStep, type StepEffect, type StepInput } from '../../nn/step-input.js';
import { idOf, keepValues, registeredVariables } from '../variable-values.js';
import type { GraphNode } from './graph-def.js';
import { createNodeWriter, type NodeWriter } from './node-writer.js';
import { type TensorOutputs, trackOutputs } from './tensor-outputs.js';
import { recordUpdate } from './update-node.js';
import { typeOf, type VariableTable } from './variable-table.js';

/** A step as operations of a graph. */
export interface Recording {
  readonly nodes: readonly GraphNode[];
  /** What is fed in each step. */
  readonly inputs: readonly RecordedInput[];
  /** What is done in each step before the inputs are read. */
  readonly effects: readonly StepEffect[];
  /** Names of the figures, which `output` yields as a vector once the whole step is done. */
  readonly figures: readonly string[];
  readonly output: string;
}

/** One input of a recorded step: the output of its placeholder, and where its value comes from. */
export interface RecordedInput {
  readonly name: string;
  readonly read: StepInput['read'];
}

/**
 * Runs a step once on the tensorflow backend and takes down every operation. Variables and counters are afterwards what they
 * were before.
 * @throws Error when the step cannot be replayed: it reads what it has computed, or makes variables
 */
export function recordStep(
  prefix: string,
  table: VariableTable,
  compute: () => Readonly<Record<string, Scalar>>,
): Recording {
  const writer = createNodeWriter(prefix);
  const variables = registeredVariables();
  const outputs = trackOutputs(nativeBackend(), writer, table, variables);
  const inputs: RecordedInput[] = [];
  const effects: StepEffect[] = [];
  const onInput = (tensor: TensorInfo, { read, varies }: StepInput) => {
    const id = idOf(tensor);
    if (outputs.kindOf(id) === 'input') return;
    const name = addPlaceholder(writer, tensor, varies);
    inputs.push({ name, read });
    outputs.set(id, name, 'input');
  };
  const onEffect = (effect: StepEffect) => {
    effect.run();
    effects.push(effect);
  };
  const kept = keepValues(variables);
  const record = () => {
    const updates: string[] = [];
    const { figures, all } = outputs.whileRecording(() => {
      const taken = listenToStep({ onInput, onEffect }, () =>
        recordUpdates((update, run) => updates.push(...recordUpdate(outputs, writer, table, update, run)), compute),
      );
      return { figures: Object.keys(taken), all: idOf(stack(Object.values(taken))) };
    });
    const done = [...updates, ...assignments(outputs, writer, table, variables)].map((name) => `^${name}`);
    const type = { kind: 'type', value: nativeTypes.float32 } as const;
    const output = `${writer.add('Identity', [outputs.of(all), ...done], { T: type })}:0`;
    return { nodes: writer.nodes, inputs, effects, figures, output };
  };
  try {
    return scoped(record);
  } finally {
    kept.assign();
    kept.dispose();
    for (const { undo } of effects.toReversed()) undo();
  }
}

function addPlaceholder(writer: NodeWriter, { shape, dtype }: TensorInfo, varies: boolean): string {
  const value = dtype === 'int32' ? nativeTypes.int32 : nativeTypes.float32;
  const fed = varies ? [-1, ...shape.slice(1)] : shape;
  const attributes = { dtype: { kind: 'type', value }, shape: { kind: 'shape', value: fed } } as const;
  return `${writer.add('Placeholder', [], attributes)}:0`;
}

/** Writes each variable's new value into the graph, but for those that an update in place has left there. */
function assignments(
  outputs: TensorOutputs,
  writer: NodeWriter,
  table: VariableTable,
  variables: readonly Variable[],
): string[] {
  if (registeredVariables().length !== variables.length) throw new Error('the step makes or frees variables');
  return variables.flatMap((variable) => {
    const id = idOf(variable);
    if (id === outputs.initialId(variable)) return [];
    const entry = table.entryOf(variable);
    entry.isChanged = true;
    if (outputs.kindOf(id) === 'updated') return [];
    const dtype = { kind: 'type', value: typeOf(variable) } as const;
    return [writer.add('AssignVariableOp', [`${entry.name}:0`, outputs.of(id), `^${entry.name}/read`], { dtype })];
  });
}
