import type { Tensor, TensorInfo, Variable } from '@tensorflow/tfjs-core';
import { clone, dispose, engine, keep } from '@tensorflow/tfjs-core';
import type { GpuBuffer } from './command-list.js';
import { bufferOf, copyWhole, ownBuffer, type WebgpuInternals } from './webgpu-internals.js';

/** The buffers that variables have in recorded steps, which change what is in them. */
export interface HeldVariables {
  /** Holds these, too, where they are. */
  readonly hold: (variables: readonly Variable[]) => void;
  /** The buffer in which a variable is held. */
  readonly bufferOf: (variable: Variable) => GpuBuffer;
  /**
   * Makes sure that each variable has its own buffer with its present value in it, and that nobody else looks at it: who kept
   * a value gets a copy.
   */
  readonly prepare: () => void;
  readonly dispose: () => void;
}

/** A variable, and the tensor in which it is held. */
interface Held {
  readonly variable: Variable;
  tensor: Tensor;
  readonly buffer: GpuBuffer;
}

/** The variable itself, and the tensor in which it is held. */
const ownReferences = 2;

export function holdVariables(gpu: WebgpuInternals): HeldVariables {
  const held = new Map<Variable, Held>();
  const isShared = ({ tensor, variable }: Held) => {
    const { refCount } = gpu.tensorMap.get(tensor.dataId);
    return refCount > (variable.dataId === tensor.dataId ? ownReferences : 1);
  };
  /** Leaves the tensor to those who look at it, with a copy, and takes a new one for the buffer. */
  const leave = (one: Held) => {
    const { tensor, variable, buffer } = one;
    const isCurrent = variable.dataId === tensor.dataId;
    const copy = ownBuffer(gpu, buffer.size);
    copyWhole(gpu, buffer, copy);
    gpu.tensorMap.get(tensor.dataId).resource = copy;
    one.tensor = tensorOn(gpu, tensor, buffer);
    if (isCurrent) variable.assign(one.tensor as Variable);
    tensor.dispose();
  };
  const bring = ({ variable, tensor, buffer }: Held) => {
    gpu.commandQueueOwnedIds.add(variable.dataId);
    copyWhole(gpu, bufferOf(gpu, variable), buffer);
    variable.assign(tensor as Variable);
  };
  return {
    hold: (variables) => {
      for (const variable of variables) {
        if (held.has(variable)) continue;
        if (gpu.tensorMap.get(variable.dataId).refCount > 1) giveOwnBuffer(gpu, variable);
        const buffer = bufferOf(gpu, variable);
        // Else it would be given to others when the variable is assigned to and disposed of.
        gpu.tensorMap.get(variable.dataId).external = true;
        held.set(variable, { variable, tensor: keep(clone<Tensor>(variable)), buffer });
      }
    },
    bufferOf: (variable) => (held.get(variable) as Held).buffer,
    prepare: () => {
      for (const one of held.values()) {
        if (one.variable.isDisposed) continue;
        if (isShared(one)) leave(one);
        if (one.variable.dataId !== one.tensor.dataId) bring(one);
        // What was read back of it is old after the step.
        gpu.tensorMap.get(one.tensor.dataId).values = null;
      }
    },
    dispose: () => {
      dispose(Array.from(held.values(), ({ tensor }) => tensor));
      held.clear();
    },
  };
}

/** Others look at its value, and would see it change; another variable may have begun with the same tensor. */
function giveOwnBuffer(gpu: WebgpuInternals, variable: Variable): void {
  const from = bufferOf(gpu, variable);
  const own = tensorOn(gpu, variable, ownBuffer(gpu, from.size));
  copyWhole(gpu, from, bufferOf(gpu, own));
  variable.assign(own as Variable);
  own.dispose();
}

/** A tensor like `of` whose values are what is in a buffer. */
function tensorOn(gpu: WebgpuInternals, { shape, dtype }: TensorInfo, buffer: GpuBuffer): Tensor {
  const info = gpu.makeTensorInfo(shape, dtype);
  Object.assign(gpu.tensorMap.get(info.dataId), { resource: buffer, external: true });
  return keep(engine().makeTensorFromTensorInfo(info));
}
