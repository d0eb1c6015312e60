import type { GradConfig, Tensor } from '@tensorflow/tfjs-core';
import {
  Concat,
  concat,
  Pack,
  pad,
  Reshape,
  reshape,
  Slice,
  SplitV,
  slice_util,
  split,
  stack,
  Transpose,
  transpose,
  Unpack,
  unstack,
} from '@tensorflow/tfjs-core';
import { gradient } from './gradient.js';

/** Gradients of operations that only move values. */
export const layoutGradients: readonly GradConfig[] = [
  gradient(Reshape, { saves: ['x'] }, (dy, [x]) => ({ x: () => reshape(dy, x.shape) })),
  gradient(Transpose, {}, (dy, _, { perm }) => ({ x: () => transpose(dy, inverse(perm as number[])) })),
  gradient(Slice, { saves: ['x'] }, (dy, [x], { begin, size }) => ({
    x: () => pad(dy, slicedAway(x, begin as number[], size as number[])),
  })),
  {
    kernelName: Concat,
    saveAllInputs: true,
    gradFunc: (dy, saved, { axis }) => {
      const along = axis as number;
      const lengths = saved.map(({ shape }) => shape.at(along) as number);
      return perInput(split(dy as Tensor, lengths, along));
    },
  },
  {
    kernelName: Pack,
    saveAllInputs: true,
    gradFunc: (dy, _, { axis }) => perInput(unstack(dy as Tensor, axis as number)),
  },
  { kernelName: SplitV, gradFunc: (dy, _, { axis }) => ({ x: () => concat(perOutput(dy), axis as number) }) },
  { kernelName: Unpack, gradFunc: (dy, _, { axis }) => ({ value: () => stack(perOutput(dy), axis as number) }) },
];

function perInput(gradients: readonly Tensor[]): Record<string, () => Tensor> {
  return Object.fromEntries(gradients.map((gradient, index) => [index, () => gradient]));
}

/** Gradients of each output: tfjs hands over a bare tensor when there is only one. */
function perOutput(dy: Tensor | Tensor[]): Tensor[] {
  return Array.isArray(dy) ? dy : [dy];
}

function inverse(permutation: readonly number[]): number[] {
  return permutation.map((_, axis) => permutation.indexOf(axis));
}

/** What a slice left out before and after, on each axis. */
function slicedAway(x: Tensor, begin: number[], size: number[]): [number, number][] {
  const [starts, lengths] = slice_util.parseSliceParams(x, begin, size);
  return x.shape.map((length, axis) => {
    const start = starts?.[axis] ?? 0;
    return [start, length - start - (lengths?.[axis] ?? 0)];
  });
}
