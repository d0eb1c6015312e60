import type { Tensor, TensorInfo, Variable } from '@tensorflow/tfjs-core';
import { clone, dispose, keep } from '@tensorflow/tfjs-core';
import { nativeTypes } from '../../backends/tensorflow-ops.js';
import type { GraphNode } from './graph-def.js';

/** A variable of the training, or a large constant, and its counterpart in the graph. */
export interface TableEntry {
  readonly variable: TensorInfo;
  /** Name of its `VarHandleOp`; `<name>/read` reads it, `<name>/value` is where a new value is fed, `<name>/set` puts it in. */
  readonly name: string;
  /** The output of {@link readAllNode} that it is. */
  readonly index: number;
  /** Whether a recorded step changes it. */
  isChanged: boolean;
}

/** The variables that recorded steps use. They live in the session, where all steps share them. */
export interface VariableTable {
  readonly entries: () => readonly TableEntry[];
  /** The variable's entry, if it has one. */
  readonly find: (variable: TensorInfo) => TableEntry | undefined;
  /** The variable's entry, made at the first call. */
  readonly entryOf: (variable: Variable) => TableEntry;
  /** The same for weights that are no variables; it keeps their values. */
  readonly entryOfConstant: (constant: Tensor) => TableEntry;
  /**
   * The operations that hold, read and set all of them; {@link setAllNode} runs every `<name>/set`, and {@link readAllNode} reads
   * them in one operation, which hundreds of them take several times as long for.
   */
  readonly nodes: () => GraphNode[];
  readonly dispose: () => void;
}

/** Fetched to set all variables at once. */
export const setAllNode = 'set_all';
/** Its outputs are the variables, in the table's order. */
export const readAllNode = 'read_all';

export function createVariableTable(): VariableTable {
  /** By variable, or by the identity of a constant's values. */
  const byKey = new Map<object, TableEntry>();
  const constants: Tensor[] = [];
  const findOrMake = (key: object, take: () => TensorInfo) => {
    const known = byKey.get(key);
    if (known !== undefined) return known;
    const index = byKey.size;
    const made = { variable: take(), name: `variable${index}`, index, isChanged: false };
    byKey.set(key, made);
    return made;
  };
  return {
    entries: () => [...byKey.values()],
    find: (variable) => byKey.get(variable),
    entryOf: (variable) => findOrMake(variable, () => variable),
    entryOfConstant: (constant) =>
      findOrMake(constant.dataId, () => {
        const kept = keep(clone(constant));
        constants.push(kept);
        return kept;
      }),
    nodes: () => {
      const entries = [...byKey.values()];
      return [...entries.flatMap(variableNodes), doneNode(entries), ...readAllNodes(entries)];
    },
    dispose: () => dispose(constants),
  };
}

/** TensorFlow's number of a variable's dtype. */
export function typeOf({ dtype }: TensorInfo): number {
  return dtype === 'int32' ? nativeTypes.int32 : nativeTypes.float32;
}

function variableNodes({ variable, name }: TableEntry): GraphNode[] {
  const dtype = { kind: 'type', value: typeOf(variable) } as const;
  const shape = { kind: 'shape', value: variable.shape } as const;
  const shared = { kind: 'string', value: name } as const;
  const handle = `${name}:0`;
  return [
    { name, op: 'VarHandleOp', inputs: [], attributes: { dtype, shape, shared_name: shared } },
    { name: `${name}/read`, op: 'ReadVariableOp', inputs: [handle], attributes: { dtype } },
    { name: `${name}/value`, op: 'Placeholder', inputs: [], attributes: { dtype, shape } },
    // A copy: what is fed lies in memory of JS, which no thread but JS' own may free.
    { name: `${name}/copy`, op: 'DeepCopy', inputs: [`${name}/value:0`], attributes: { T: dtype } },
    { name: `${name}/set`, op: 'AssignVariableOp', inputs: [handle, `${name}/copy:0`], attributes: { dtype } },
  ];
}

function readAllNodes(entries: readonly TableEntry[]): GraphNode[] {
  if (entries.length === 0) return [];
  const count = { kind: 'int', value: entries.length } as const;
  const dtypes = { kind: 'types', value: entries.map(({ variable }) => typeOf(variable)) } as const;
  const shapes = { kind: 'shapes', value: entries.map(({ variable }) => variable.shape) } as const;
  const names = { kind: 'strings', value: entries.map(({ name }) => name) } as const;
  const containers = { kind: 'strings', value: entries.map(() => '') } as const;
  const handles = `${readAllNode}/handles`;
  const handlesOf = { N: count, dtypes, shapes, containers, shared_names: names };
  const inputs = entries.map((_, index) => `${handles}:${index}`);
  return [
    { name: handles, op: '_VarHandlesOp', inputs: [], attributes: handlesOf },
    { name: readAllNode, op: '_ReadVariablesOp', inputs, attributes: { N: count, dtypes } },
  ];
}

function doneNode(entries: readonly TableEntry[]): GraphNode {
  const type = nativeTypes.float32;
  return {
    name: setAllNode,
    op: 'Const',
    inputs: entries.map(({ name }) => `^${name}/set`),
    attributes: {
      dtype: { kind: 'type', value: type },
      value: { kind: 'tensor', value: { type, shape: [], bytes: new Uint8Array(4) } },
    },
  };
}
