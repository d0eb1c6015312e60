import { Tensor } from '@tensorflow/tfjs-core';
import { stepTensor } from '../nn/step-input.js';

/**
 * An object that shows the properties of whatever object is current, to code that keeps it and reads it again later. Tensors
 * among them are inputs of the step that reads them.
 */
export interface LiveView<T extends object> {
  readonly view: T;
  /** Makes an object the current one. */
  readonly show: (object: T) => void;
}

export function createLiveView<T extends object>(): LiveView<T> {
  let current: T | undefined;
  const read = (key: string | symbol): unknown => current?.[key as keyof T];
  const view = new Proxy({} as T, {
    get: (_, key) => (read(key) instanceof Tensor ? stepTensor(() => read(key) as Tensor) : read(key)),
    has: (_, key) => current !== undefined && key in current,
  });
  return {
    view,
    show: (object) => {
      current = object;
    },
  };
}
