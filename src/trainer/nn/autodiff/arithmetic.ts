import type { GradConfig, Tensor } from '@tensorflow/tfjs-core';
import {
  Add,
  BatchMatMul,
  broadcast_util,
  Multiply,
  matMul,
  mul,
  neg,
  reshape,
  Sigmoid,
  Sub,
  sub,
  sum,
  Tanh,
} from '@tensorflow/tfjs-core';
import { gradient } from './gradient.js';

/** Gradients of sums, products and squashing functions. */
export const arithmeticGradients: readonly GradConfig[] = [
  gradient(Add, { saves: ['a', 'b'] }, (dy, [a, b]) => ({
    a: () => sumToShape(dy, a),
    b: () => sumToShape(dy, b),
  })),
  gradient(Sub, { saves: ['a', 'b'] }, (dy, [a, b]) => ({
    a: () => sumToShape(dy, a),
    b: () => sumToShape(neg(dy), b),
  })),
  gradient(Multiply, { saves: ['a', 'b'] }, (dy, [a, b]) => ({
    a: () => sumToShape(mul(dy, b), a),
    b: () => sumToShape(mul(dy, a), b),
  })),
  gradient(BatchMatMul, { saves: ['a', 'b'] }, (dy, [a, b], { transposeA, transposeB }) => ({
    a: () => (transposeA ? matMul(b, dy, Boolean(transposeB), true) : matMul(dy, b, false, !transposeB)),
    b: () => (transposeB ? matMul(dy, a, true, Boolean(transposeA)) : matMul(a, dy, !transposeA, false)),
  })),
  gradient(Sigmoid, { savesOutput: true }, (dy, [y]) => ({ x: () => mul(dy, mul(y, sub(1, y))) })),
  gradient(Tanh, { savesOutput: true }, (dy, [y]) => ({ x: () => mul(dy, sub(1, mul(y, y))) })),
];

/** Undoes broadcasting: sums a gradient over the axes along which `input` was repeated. */
function sumToShape(dy: Tensor, input: Tensor): Tensor {
  const axes = broadcast_util.getReductionAxes(input.shape, dy.shape);
  // A tensor of its own even where nothing is summed: tfjs frees each gradient that it has added to another.
  return reshape(axes.length === 0 ? dy : sum(dy, axes), input.shape);
}
