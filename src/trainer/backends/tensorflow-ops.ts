import type { Tensor, TensorInfo } from '@tensorflow/tfjs-core';
import { backend, getBackend } from '@tensorflow/tfjs-core';

/** An attribute of a TensorFlow operation, as the native binding takes it. */
export interface OpAttribute {
  readonly name: string;
  readonly type: number;
  readonly value: unknown;
}

/** A tensor that the binding made: its handle, shape and TensorFlow's number of its dtype. */
export interface NativeTensor {
  readonly id: number;
  readonly shape: number[];
  readonly dtype: number;
}

/** The part of tfjs-node's native binding that is used beside tfjs. */
export interface NativeBinding {
  readonly TF_ATTR_STRING: number;
  readonly TF_ATTR_INT: number;
  readonly TF_ATTR_FLOAT: number;
  readonly TF_ATTR_BOOL: number;
  readonly TF_ATTR_TYPE: number;
  readonly TF_ATTR_SHAPE: number;
  createTensor(shape: number[], dtype: number, data: ArrayLike<unknown>): number;
  deleteTensor(id: number): void;
  tensorDataSync(id: number): ArrayLike<unknown>;
  /**
   * Copies values into one piece of memory, whose `places` are an offset and a length in bytes of each. A source is a tensor's
   * handle, or −1 − n for output n of an operation without inputs in a loaded model. With `ready`, which threads share, it returns
   * true if it has only begun to, and makes that 1 afterwards. Only in a binding that we have built: see
   * `native/copying-binding.ts`.
   */
  gatherValues?(
    sources: Int32Array,
    target: Uint8Array,
    places: Float64Array,
    session?: number,
    operation?: string,
    ready?: Int32Array,
  ): boolean;
  /**
   * Makes a tensor, once `fill` has written its values into the memory that TensorFlow keeps them in; that memory is gone from
   * JS afterwards. The tensor `spare` is deleted first, and its memory used if it suits. Only in a binding that we have built.
   */
  refillTensor?(shape: readonly number[], dtype: number, fill: (memory: Uint8Array) => void, spare?: number): number;
  executeOp(
    name: string,
    attributes: readonly OpAttribute[],
    inputs: readonly number[],
    outputs: number,
  ): NativeTensor[];
  loadSavedModel(directory: string, tags: string): number;
  deleteSavedModel(id: number): void;
  runSavedModel(id: number, inputs: readonly number[], inputNames: string, outputNames: string): NativeTensor[];
  getNumOfTensors(): number;
}

/** The part of tfjs-node's backend that is not in tfjs' public types. */
export interface NativeBackend {
  binding: NativeBinding;
  /** What it keeps of its tensors: a handle, or values that TensorFlow has not taken over yet; and by how many they are used. */
  readonly tensorMap: { get(dataId: object): { id: number; readonly values: unknown; readonly refCount: number } };
  /** Handles of tensors, which are made at the first call for tensors whose values are still in JS. */
  getInputTensorIds(tensors: readonly TensorInfo[]): number[];
  createOutputTensor(made: NativeTensor): Tensor;
}

/** TensorFlow's numbers of the types that we use (tensorflow/core/framework/types.proto). */
export const nativeTypes = { float32: 1, int32: 3, int64: 9, bool: 10, resource: 20 } as const;

/** Whether tensors are computed by native TensorFlow, all of whose operations {@link runOp} can run. */
export function isOnTensorflow(): boolean {
  return getBackend() === 'tensorflow';
}

export function nativeBackend(): NativeBackend {
  return backend() as unknown as NativeBackend;
}

/** Attributes of an operation by kind. */
export interface OpAttributes {
  readonly types?: Readonly<Record<string, keyof typeof nativeTypes>>;
  readonly ints?: Readonly<Record<string, number | readonly number[]>>;
  readonly floats?: Readonly<Record<string, number>>;
  readonly bools?: Readonly<Record<string, boolean>>;
  readonly strings?: Readonly<Record<string, string>>;
}

/**
 * Runs an operation of TensorFlow by its name; it has no gradient. For the tensorflow backend only. The inputs with the
 * positions `int64` are int32 tensors that it wants as int64, a type that tfjs does not have.
 */
export function runOp(
  name: string,
  inputs: Tensor[],
  { outputs = 1, int64 = [], ...attributes }: OpAttributes & { readonly outputs?: number; readonly int64?: number[] },
): Tensor[] {
  const native = nativeBackend();
  const { binding } = native;
  const ids = native.getInputTensorIds(inputs);
  for (const position of int64) ids[position] = castToInt64(binding, ids[position] as number);
  const made = binding.executeOp(name, describeAttributes(binding, attributes), ids, outputs);
  for (const position of int64) binding.deleteTensor(ids[position] as number);
  return made.map((tensor) => native.createOutputTensor(tensor));
}

function castToInt64(binding: NativeBinding, id: number): number {
  const attributes = { types: { SrcT: 'int32', DstT: 'int64' }, bools: { Truncate: false } } as const;
  const [made] = binding.executeOp('Cast', describeAttributes(binding, attributes), [id], 1);
  return (made as NativeTensor).id;
}

function describeAttributes(binding: NativeBinding, attributes: OpAttributes): OpAttribute[] {
  const { types = {}, ints = {}, floats = {}, bools = {}, strings = {} } = attributes;
  const all = (type: number, values: Readonly<Record<string, unknown>>) =>
    Object.entries(values).map(([name, value]) => ({ name, type, value }));
  return [
    ...Object.entries(types).map(([name, type]) => ({ name, type: binding.TF_ATTR_TYPE, value: nativeTypes[type] })),
    ...all(binding.TF_ATTR_INT, ints),
    ...all(binding.TF_ATTR_FLOAT, floats),
    ...all(binding.TF_ATTR_BOOL, bools),
    ...all(binding.TF_ATTR_STRING, strings),
  ];
}
