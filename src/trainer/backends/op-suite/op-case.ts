import type { Tensor, Variable } from '@tensorflow/tfjs-core';
import { tensor, variable } from '@tensorflow/tfjs-core';
import { createRandom } from '../../random/random.js';
import type { SelfTestCase } from '../self-test-case.js';

/** An operation, layer or network that is ready to be differentiated. */
export interface BuiltCase {
  /** What it is differentiated by: inputs and weights. */
  readonly parameters: readonly Variable[];
  readonly run: () => Tensor;
  readonly dispose: () => void;
}

/** Something that the models use, by name. */
export interface OpCase {
  readonly name: string;
  readonly kind: 'operation' | 'loss' | 'layer' | 'network';
  readonly build: () => BuiltCase;
}

/** A case of the self-test as a case of the suite. */
export function fromSelfTest({ name, inputs, run }: SelfTestCase, kind: OpCase['kind'] = 'operation'): OpCase {
  return operation(name, inputs, run, kind);
}

/** An operation on float32 inputs of these shapes, filled with fixed random numbers in [from, to). */
export function operation(
  name: string,
  shapes: readonly number[][],
  run: (...inputs: Tensor[]) => Tensor,
  kind: OpCase['kind'] = 'operation',
): OpCase {
  return {
    name,
    kind,
    build: () => {
      const parameters = shapes.map((shape, index) => randomVariable(shape, [name, `input ${index}`]));
      return {
        parameters,
        run: () => run(...parameters),
        dispose: () => {
          for (const parameter of parameters) parameter.dispose();
        },
      };
    },
  };
}

/** A variable of fixed random numbers. */
export function randomVariable(shape: readonly number[], labels: readonly string[], from = -1, to = 1): Variable {
  const values = randomTensor(shape, labels, from, to);
  const made = variable(values);
  values.dispose();
  return made;
}

/** A tensor of fixed random numbers. */
export function randomTensor(shape: readonly number[], labels: readonly string[], from = -1, to = 1): Tensor {
  return tensor(randomNumbers(shape, labels, from, to), [...shape]);
}

/** Fixed random numbers that depend on the labels only. */
export function randomNumbers(shape: readonly number[], labels: readonly string[], from = -1, to = 1): Float32Array {
  const random = createRandom(0, 'op-suite', ...labels);
  return Float32Array.from({ length: shape.reduce((size, length) => size * length, 1) }, () =>
    random.uniform(from, to),
  );
}
