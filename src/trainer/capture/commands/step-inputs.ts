import { Tensor } from '@tensorflow/tfjs-core';
import type { StepInput } from '../../nn/step-input.js';
import type { GpuBuffer } from './command-list.js';
import {
  bufferOf,
  copyWhole,
  ownBuffer,
  type TensorMemory,
  toGpuArray,
  type WebgpuInternals,
} from './webgpu-internals.js';

/** What a recorded step takes from outside, each in a buffer that the step's commands read. */
export interface StepInputs {
  /** Gives a tensor of the step that is being recorded such a buffer. */
  readonly add: (tensor: Tensor, input: StepInput) => void;
  /** Gives the tensors their own memory back. */
  readonly release: () => void;
  /** Writes the inputs as they read now. @throws RangeError when one has another size than it had in the recording */
  readonly write: () => void;
}

interface Input {
  readonly buffer: GpuBuffer;
  readonly read: StepInput['read'];
}

export function createStepInputs(gpu: WebgpuInternals): StepInputs {
  const inputs: Input[] = [];
  const lent = new Map<object, Pick<TensorMemory, 'values' | 'resource' | 'external'>>();
  return {
    add: ({ dataId, size }, { read }) => {
      if (lent.has(dataId)) return;
      const memory = gpu.tensorMap.get(dataId);
      lent.set(dataId, { values: memory.values, resource: memory.resource, external: memory.external ?? false });
      const buffer = ownBuffer(gpu, size * 4);
      inputs.push({ buffer, read });
      // Operations on values in JS may be computed there, and would be constants.
      Object.assign(memory, { values: null, resource: buffer, external: true });
    },
    release: () => {
      for (const [id, before] of lent) if (gpu.tensorMap.has(id)) Object.assign(gpu.tensorMap.get(id), before);
      lent.clear();
    },
    write: () => {
      for (const input of inputs) writeInput(gpu, input);
    },
  };
}

function writeInput(gpu: WebgpuInternals, { buffer, read }: Input): void {
  const found = read();
  if (found instanceof Tensor) {
    const { dtype, values } = gpu.tensorMap.get(found.dataId);
    checkSize(buffer, found.shape);
    if (values) gpu.queue.writeBuffer(buffer, 0, toGpuArray(dtype, values));
    else copyWhole(gpu, bufferOf(gpu, found), buffer);
  } else {
    checkSize(buffer, found.shape);
    gpu.queue.writeBuffer(buffer, 0, found.values);
  }
}

function checkSize({ size }: GpuBuffer, shape: readonly number[]): void {
  const bytes = shape.reduce((product, length) => product * length, 4);
  if (bytes !== size) throw new RangeError(`an input of ${bytes} bytes [${shape}] where the recorded step had ${size}`);
}
