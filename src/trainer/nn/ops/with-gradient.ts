import type { Tensor } from '@tensorflow/tfjs-core';
import { customGrad } from '@tensorflow/tfjs-core';

/** An operation with a gradient of its own. Neither function's inner operations are recorded. */
export interface Operation<Out extends Tensor> {
  /** Computes the value and names the tensors that the gradient needs. */
  readonly forward: () => { readonly value: Out; readonly saved?: readonly Tensor[] };
  /** Gradients with respect to each input, from that of the output; each a new tensor, since tfjs frees them one by one. */
  readonly backward: (dy: Out, saved: Tensor[]) => Tensor[];
}

/** Runs an operation of these inputs under its own gradient: tfjs's `customGrad` with types that fit together. */
export function withGradient<Out extends Tensor>(inputs: readonly Tensor[], operation: Operation<Out>): Out {
  const run = customGrad((...parameters) => {
    const save = parameters.at(-1) as (tensors: Tensor[]) => void;
    const { value, saved = [] } = operation.forward();
    save([...saved]);
    return { value, gradFunc: (dy: Tensor, kept: Tensor[]) => operation.backward(dy as Out, kept) };
  });
  return run(...inputs) as Out;
}
