import { Tensor, type TensorInfo, type Variable } from '@tensorflow/tfjs-core';
import {
  type NativeBackend,
  type NativeBinding,
  type NativeTensor,
  nativeTypes,
} from '../../backends/tensorflow-ops.js';
import type { GraphNode, TensorValue } from './graph-def.js';
import { type NodeWriter, toGraphAttributes } from './node-writer.js';
import type { VariableTable } from './variable-table.js';

/** Values from which on a constant is put into the session, once, and not into the graph's file for each recording. */
const largeSize = 65_536;

/** Which output of which operation each tensor of a step is. Tensors are named by their handles. */
export interface TensorOutputs {
  /** The output that a tensor is; one from outside becomes a constant. */
  readonly of: (id: number) => string;
  /** Says that a tensor is fed, or read from a variable after an operation has updated it in place. */
  readonly set: (id: number, output: string, kind: 'input' | 'updated') => void;
  readonly kindOf: (id: number) => 'input' | 'updated' | undefined;
  /** A variable's handle before the step. */
  readonly initialId: (variable: Variable) => number | undefined;
  /** Takes down the operations that `run` executes. */
  readonly whileRecording: <Result>(run: () => Result) => Result;
  /** Runs something within that which is not taken down. */
  readonly whilePaused: (run: () => void) => void;
}

/** Follows the tensors of one step on the tensorflow backend, and writes its operations. */
export function trackOutputs(
  native: NativeBackend,
  writer: NodeWriter,
  table: VariableTable,
  variables: readonly Variable[],
): TensorOutputs {
  const { binding } = native;
  const outputs = new Map<number, string>();
  const kinds = new Map<number, 'input' | 'updated' | 'computed'>();
  /** Tensors that came from JS: they are written when something uses them, since most inputs are made as constants first. */
  const fromJs = new Map<number, TensorValue>();
  const seen = new Map<number, TensorInfo>();
  const initial = new Map(variables.map((variable) => [variable, native.getInputTensorIds([variable])[0] as number]));
  const owners = new Map([...initial].map(([variable, id]) => [id, variable]));
  let isPaused = false;

  const find = (id: number) => {
    const owner = owners.get(id);
    if (owner !== undefined) return `${table.entryOf(owner).name}/read:0`;
    const made = fromJs.get(id);
    if (made !== undefined) return writer.constant(made);
    const outside = seen.get(id);
    if (outside instanceof Tensor && outside.size >= largeSize) return `${table.entryOfConstant(outside).name}/read:0`;
    return writer.constant(readValue(binding, id, outside));
  };
  const of = (id: number) => {
    const output = outputs.get(id) ?? find(id);
    outputs.set(id, output);
    return output;
  };
  const recording: Partial<NativeBinding> = {
    createTensor: (shape, type, data) => {
      const id = binding.createTensor(shape, type, data);
      if (!isPaused && ArrayBuffer.isView(data)) fromJs.set(id, { type, shape, bytes: copyBytes(data) });
      return id;
    },
    executeOp: (name, attributes, inputs, count) => {
      const made = binding.executeOp(name, attributes, inputs, count);
      if (isPaused) return made;
      const described = { ...toGraphAttributes(binding, attributes), ...leftOut(name, made) };
      const node = writer.add(name, inputs.map(of), described);
      for (const [index, { id }] of made.entries()) {
        outputs.set(id, `${node}:${index}`);
        kinds.set(id, 'computed');
      }
      return made;
    },
    tensorDataSync: (id) => {
      if (!isPaused && kinds.get(id) === 'computed') throw new Error('the step reads a tensor that it has computed');
      return binding.tensorDataSync(id);
    },
  };
  return {
    of,
    set: (id, output, kind) => {
      outputs.set(id, output);
      kinds.set(id, kind);
    },
    kindOf: (id) => {
      const kind = kinds.get(id);
      return kind === 'computed' ? undefined : kind;
    },
    initialId: (variable) => initial.get(variable),
    whileRecording: (run) => {
      const restore = replaceBinding(native, recording, (tensor, id) => seen.set(id, tensor));
      try {
        return run();
      } finally {
        restore();
      }
    },
    whilePaused: (run) => {
      isPaused = true;
      try {
        run();
      } finally {
        isPaused = false;
      }
    },
  };
}

/** Puts some of the binding's functions in place of its own, and watches which tensors are used. Returns the way back. */
function replaceBinding(
  native: NativeBackend,
  functions: Partial<NativeBinding>,
  onUse: (tensor: TensorInfo, id: number) => void,
): () => void {
  const { binding } = native;
  const takeIds = native.getInputTensorIds;
  const replaced = Object.fromEntries(Object.entries(functions).map(([name, value]) => [name, { value }]));
  native.binding = Object.create(binding, replaced) as NativeBinding;
  native.getInputTensorIds = (tensors) => {
    const ids = takeIds.call(native, tensors);
    for (const [index, tensor] of tensors.entries()) onUse(tensor, ids[index] as number);
    return ids;
  };
  return () => {
    native.binding = binding;
    native.getInputTensorIds = takeIds;
  };
}

/** Attributes that tfjs does not give, since TensorFlow finds them itself when it runs an operation at once. */
function leftOut(op: string, [made]: readonly NativeTensor[]): GraphNode['attributes'] {
  if (op !== 'ExpandDims' || made === undefined) return {};
  return { T: { kind: 'type', value: made.dtype }, Tdim: { kind: 'type', value: nativeTypes.int32 } };
}

/** The value of a tensor from outside the step. */
function readValue(binding: NativeBinding, id: number, tensor: TensorInfo | undefined): TensorValue {
  const type = tensor === undefined ? undefined : { ...nativeTypes }[tensor.dtype as 'float32'];
  const data = binding.tensorDataSync(id);
  if (tensor === undefined || type === undefined || !ArrayBuffer.isView(data))
    throw new Error(`the step uses a tensor of a kind that cannot be recorded (${tensor?.dtype ?? 'unknown'})`);
  return { type, shape: tensor.shape, bytes: copyBytes(data) };
}

function copyBytes({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength).slice();
}
