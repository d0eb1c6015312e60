import type { Tensor, TensorInfo, Variable } from '@tensorflow/tfjs-core';
import { clone, engine, keep } from '@tensorflow/tfjs-core';
import { nativeBackend } from '../backends/tensorflow-ops.js';

/** Values that variables had, to compare with or to go back to. */
export interface KeptValues {
  readonly values: ReadonlyMap<Variable, Tensor>;
  /** Gives the variables these values again. */
  readonly assign: () => void;
  /** Lets go of them. */
  readonly dispose: () => void;
}

/** Keeps the values of variables without copying them: an assignment gives a variable another tensor. */
export function keepValues(variables: readonly Variable[]): KeptValues {
  const values = new Map(variables.map((variable) => [variable, keep(clone<Tensor>(variable))]));
  const dispose = () => {
    for (const value of values.values()) value.dispose();
  };
  return {
    values,
    assign: () => {
      for (const [variable, value] of values) if (!variable.isDisposed) variable.assign(value as Variable);
    },
    dispose,
  };
}

/** Handle of a tensor on the tensorflow backend, made now if its values are still in JS. */
export function idOf(tensor: TensorInfo): number {
  return nativeBackend().getInputTensorIds([tensor])[0] as number;
}

/** Every variable that there is. */
export function registeredVariables(): Variable[] {
  return Object.values(engine().state.registeredVariables);
}
