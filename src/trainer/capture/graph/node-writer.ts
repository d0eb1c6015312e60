import type { NativeBinding, OpAttribute } from '../../backends/tensorflow-ops.js';
import type { AttributeValue, GraphNode, TensorValue } from './graph-def.js';

/** The growing list of a graph's operations. */
export interface NodeWriter {
  readonly nodes: readonly GraphNode[];
  /** Adds an operation and returns its name. */
  readonly add: (op: string, inputs: readonly string[], attributes: GraphNode['attributes']) => string;
  /** Adds a constant, or finds a small one that is there, and returns its output. */
  readonly constant: (value: TensorValue) => string;
}

const sharedBytes = 64;

/** Starts a list whose operations' names begin with `prefix`. */
export function createNodeWriter(prefix: string): NodeWriter {
  const nodes: GraphNode[] = [];
  const constants = new Map<string, string>();
  const add: NodeWriter['add'] = (op, inputs, attributes) => {
    const name = `${prefix}/${nodes.length}_${op}`;
    nodes.push({ name, op, inputs, attributes });
    return name;
  };
  const addConstant = (value: TensorValue) =>
    `${add('Const', [], { dtype: { kind: 'type', value: value.type }, value: { kind: 'tensor', value } })}:0`;
  return {
    nodes,
    add,
    constant: (value) => {
      const { type, shape, bytes } = value;
      if (bytes.byteLength > sharedBytes) return addConstant(value);
      const key = `${type} [${shape}] ${bytes}`;
      const output = constants.get(key) ?? addConstant(value);
      constants.set(key, output);
      return output;
    },
  };
}

/** A float32 scalar as a constant. */
export function float32Constant(value: number): TensorValue {
  return { type: 1, shape: [], bytes: new Uint8Array(Float32Array.of(value).buffer) };
}

/** Attributes as the binding takes them, as the graph's format has them. */
export function toGraphAttributes(
  binding: NativeBinding,
  attributes: readonly OpAttribute[],
): Record<string, AttributeValue> {
  return Object.fromEntries(attributes.map(({ name, type, value }) => [name, toValue(binding, type, value)]));
}

function toValue(binding: NativeBinding, type: number, value: unknown): AttributeValue {
  const isList = Array.isArray(value);
  if (type === binding.TF_ATTR_TYPE) return { kind: 'type', value: value as number };
  if (type === binding.TF_ATTR_STRING) return { kind: 'string', value: value as string };
  if (type === binding.TF_ATTR_SHAPE) return { kind: 'shape', value: value as number[] };
  if (type === binding.TF_ATTR_INT) return isList ? { kind: 'ints', value } : { kind: 'int', value: value as number };
  if (type === binding.TF_ATTR_FLOAT)
    return isList ? { kind: 'floats', value } : { kind: 'float', value: value as number };
  return isList ? { kind: 'bools', value } : { kind: 'bool', value: value as boolean };
}
