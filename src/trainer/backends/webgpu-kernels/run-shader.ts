import type { DataType, Tensor, TensorInfo } from '@tensorflow/tfjs-core';
import { backend, engine, getBackend, util } from '@tensorflow/tfjs-core';

/** A program for the card, in WGSL. Buffers are arrays of float32 (or int32, where an input is) by their names. */
export interface Shader {
  /** Tells programs apart: two of one name are the same. */
  readonly name: string;
  readonly outputs: readonly string[];
  readonly inputs: readonly string[];
  /** Those of both that are read and written four numbers at a time, as arrays of `vec4<f32>`. */
  readonly vectors?: readonly string[];
  /** Numbers (i32) that differ from call to call, as `sizes.<name>`; one of them at least has to be used. */
  readonly sizes: readonly string[];
  /** Has the entry point `main`. Uniforms, inputs and outputs are declared already. */
  readonly code: () => string;
}

/** What a program is started with, in the order of its names. */
export interface ShaderCall {
  readonly inputs: readonly Tensor[];
  /** Shapes of the outputs, float32, which arrive with undefined content. */
  readonly shapes?: readonly (readonly number[])[];
  /** Tensors to write into instead: they arrive with what is in them. */
  readonly into?: readonly Tensor[];
  readonly sizes: readonly number[];
  readonly workgroups: number;
}

/** The part of tfjs' WebGPU backend that starts programs; it is not in its public types. */
interface ShaderBackend {
  readonly device: {
    readonly limits: { readonly maxComputeWorkgroupStorageSize: number };
    createShaderModule: (descriptor: { readonly code: string; readonly label: string }) => object;
    createComputePipeline: (descriptor: object) => object;
  };
  readonly pipelineCache: Record<string, object>;
  makeTensorInfo: (shape: readonly number[], dtype: DataType) => TensorInfo;
  uploadToGPU: (id: object) => void;
  recordAndSubmit: (
    program: { readonly pipeline: object; readonly pixelsOpType: number; readonly dispatch: readonly number[] },
    output: object,
    inputs: readonly object[],
    uniforms: readonly { readonly type: 'int32'; readonly data: readonly number[] }[],
  ) => void;
}

/** Threads of a workgroup that every card has. */
export const mostThreads = 256;

/** With it the uniforms are the strides of the output and our own, not the shapes of all tensors. */
const ownUniforms = 0;

/** Whether tensors are computed by WebGPU, which {@link runShader} can program. */
export function isOnWebgpu(): boolean {
  return getBackend() === 'webgpu';
}

/** Bytes that the threads of a workgroup can share. */
export function workgroupBytes(): number {
  return shaderBackend().device.limits.maxComputeWorkgroupStorageSize;
}

/** Runs a program of ours; it has no gradient. Unlike those of tfjs it may have several outputs. For the webgpu backend only. */
export function runShader(shader: Shader, { inputs, shapes = [], into, sizes, workgroups }: ShaderCall): Tensor[] {
  const gpu = shaderBackend();
  const made = into ?? shapes.map((shape) => gpu.makeTensorInfo([...shape], 'float32'));
  for (const { dataId } of [...made, ...inputs]) gpu.uploadToGPU(dataId);
  const pipeline = pipelineOf(gpu, shader, inputs);
  const [first, ...others] = made as [TensorInfo, ...TensorInfo[]];
  // As one row it has no strides, of which tfjs makes a single number.
  const output = { ...first, shape: [util.sizeFromShape(first.shape)] };
  const uniforms = sizes.map((size) => ({ type: 'int32' as const, data: [size] }));
  const program = { pipeline, pixelsOpType: ownUniforms, dispatch: [workgroups, 1, 1] };
  gpu.recordAndSubmit(program, output, [...others, ...inputs], uniforms);
  return into === undefined ? made.map((info) => engine().makeTensorFromTensorInfo(info)) : [...into];
}

function pipelineOf(gpu: ShaderBackend, shader: Shader, inputs: readonly Tensor[]): object {
  const key = `supervise ${shader.name}`;
  const before = gpu.pipelineCache[key];
  if (before !== undefined) return before;
  const module = gpu.device.createShaderModule({
    code: `${declare(shader, inputs)}\n${shader.code()}`,
    label: shader.name,
  });
  const made = gpu.device.createComputePipeline({
    compute: { module, entryPoint: 'main' },
    label: shader.name,
    layout: 'auto',
  });
  gpu.pipelineCache[key] = made;
  return made;
}

function declare({ outputs, inputs, vectors = [], sizes }: Shader, tensors: readonly Tensor[]): string {
  const typeOf = (name: string, tensor?: Tensor) => {
    if (vectors.includes(name)) return 'vec4<f32>';
    return tensor?.dtype === 'int32' ? 'i32' : 'f32';
  };
  const buffers = [
    ...outputs.map((name) => `var<storage, read_write> ${name}: array<${typeOf(name)}>;`),
    ...inputs.map((name, at) => `var<storage, read> ${name}: array<${typeOf(name, tensors[at])}>;`),
    'var<uniform> sizes: Sizes;',
  ];
  return [
    `struct Sizes { strides: i32, ${sizes.map((name) => `${name}: i32`).join(', ')} }`,
    ...buffers.map((buffer, binding) => `@group(0) @binding(${binding}) ${buffer}`),
  ].join('\n');
}

function shaderBackend(): ShaderBackend {
  return backend() as unknown as ShaderBackend;
}
