import type { Tensor, Tensor2D, Tensor3D, Tensor4D } from '@tensorflow/tfjs-core';
import { tensor2d } from '@tensorflow/tfjs-core';
import { normRectify } from '../../nn/batch-norm.js';
import { conv2d } from '../../nn/conv2d.js';
import { dense } from '../../nn/dense.js';
import { dropout } from '../../nn/dropout.js';
import { embedding } from '../../nn/embedding.js';
import { bidirectionalLstm, lstm } from '../../nn/lstm.js';
import { buildModule, type Pass, type VariableScope } from '../../nn/module.js';
import { type OpCase, randomVariable } from './op-case.js';

const training: Pass = { training: true, seed: 1, step: 3 };

/** Our layers, by their input and all of their weights. */
export const layerCases: readonly OpCase[] = [
  layer('convolution with bias', [2, 5, 6, 3], (scope) => {
    const apply = conv2d(scope, { inputs: 3, filters: 4, size: 3, bias: true });
    return (x) => apply(x as Tensor4D);
  }),
  layer('dense', [3, 4], (scope) => {
    const apply = dense(scope, { inputs: 4, units: 5 });
    return (x) => apply(x as Tensor2D);
  }),
  layer('batch norm with rectifier', [2, 4, 3, 3], (scope) => {
    const { apply } = normRectify(scope, 3);
    return (x) => apply(x, training);
  }),
  layer('dropout', [3, 8], () => {
    const apply = dropout('suite', 0.4);
    return (x) => apply(x, training);
  }),
  layer('LSTM', [2, 4, 3], (scope) => {
    const apply = lstm(scope, { inputs: 3, units: 4 });
    return (x) => apply(x as Tensor3D);
  }),
  layer('bidirectional LSTM', [2, 4, 3], (scope) => {
    const apply = bidirectionalLstm(scope, { inputs: 3, units: 3 });
    return (x) => apply(x as Tensor3D);
  }),
  layer('embedding', undefined, (scope) => {
    const apply = embedding(scope, 5, 3);
    return () => apply(tensor2d([0, 2, 2, 1, 4, 0], [2, 3], 'int32'));
  }),
];

/** A layer by its input, of this shape, and its trainable weights. */
function layer(
  name: string,
  shape: readonly number[] | undefined,
  make: (scope: VariableScope) => (x: Tensor) => Tensor,
): OpCase {
  return {
    name: `${name} (layer)`,
    kind: 'layer',
    build: () => {
      const { root, variables, trainable } = buildModule('layer', 1);
      const apply = make(root);
      const inputs = shape === undefined ? [] : [randomVariable(shape, [name, 'input'])];
      return {
        parameters: [...inputs, ...trainable.values()],
        run: () => apply(inputs[0] as Tensor),
        dispose: () => {
          for (const variable of [...inputs, ...variables.values()]) variable.dispose();
        },
      };
    },
  };
}
