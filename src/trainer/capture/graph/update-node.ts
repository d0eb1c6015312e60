import { nativeTypes } from '../../backends/tensorflow-ops.js';
import type { FusedUpdate } from '../../nn/optimizers/fused-update.js';
import { idOf } from '../variable-values.js';
import { float32Constant, type NodeWriter } from './node-writer.js';
import type { TensorOutputs } from './tensor-outputs.js';
import type { TableEntry, VariableTable } from './variable-table.js';

/**
 * Takes an optimizer's update of one weight down as TensorFlow's operation in place; `compute` gives the values of the step
 * under way. Returns the operations that the step has to wait for.
 */
export function recordUpdate(
  outputs: TensorOutputs,
  writer: NodeWriter,
  table: VariableTable,
  { rule, rate, gradient, targets }: FusedUpdate,
  compute: () => void,
): string[] {
  // An operation in place would not see what the step has assigned before.
  if (targets.some((target) => idOf(target) !== outputs.initialId(target))) {
    compute();
    return [];
  }
  const entries = targets.map((target) => table.entryOf(target));
  const operands = rule
    .operands({ rate, gradient })
    .map((operand) =>
      typeof operand === 'number' ? writer.constant(float32Constant(operand)) : outputs.of(idOf(operand)),
    );
  const inputs = [
    ...entries.map(({ name }) => `${name}:0`),
    ...operands,
    ...entries.map(({ name }) => `^${name}/read`),
  ];
  const node = writer.add(rule.op, inputs, { T: { kind: 'type', value: nativeTypes.float32 } });
  outputs.whilePaused(compute);
  for (const [index, target] of targets.entries())
    outputs.set(idOf(target), readAfter(writer, node, entries[index] as TableEntry), 'updated');
  return [node];
}

/** Reads a variable after an operation: pruned from the graph when nothing uses it. */
function readAfter(writer: NodeWriter, node: string, { name }: TableEntry): string {
  const dtype = { kind: 'type', value: nativeTypes.float32 } as const;
  return `${writer.add('ReadVariableOp', [`${name}:0`, `^${node}`], { dtype })}:0`;
}
