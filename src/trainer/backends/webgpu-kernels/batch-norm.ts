import type { Tensor, Tensor1D, Tensor2D } from '@tensorflow/tfjs-core';
import { eachElement, lanesFor, mergeThreads, sumOfThreads } from './channel-lanes.js';
import { mostThreads, runShader, type Shader } from './run-shader.js';

/** Slope of the negative half of the rectifier that may follow; undefined without one. */
export type Slope = number | undefined;

/** What normalising by the batch's own statistics gives. */
export interface BatchNormed {
  readonly value: Tensor;
  readonly mean: Tensor1D;
  readonly variance: Tensor1D;
  /** [2, channels]: mean and 1/√(variance + ε), for the gradient. */
  readonly statistics: Tensor2D;
}

/** Batch normalisation of x [..., channels], and the leaky rectifier when asked for, by three programs. */
export function runBatchNorm(x: Tensor, gamma: Tensor, beta: Tensor, epsilon: number, slope: Slope): BatchNormed {
  const channels = gamma.size;
  const rows = x.size / channels;
  const lanes = lanesFor(rows, channels);
  const sizes = [rows, channels, lanes];
  const partial = runShader(partialStatistics, {
    inputs: [x],
    shapes: [
      [lanes, channels],
      [lanes, channels],
    ],
    sizes,
    workgroups: Math.ceil((lanes * channels) / mostThreads),
  });
  const [mean, variance, statistics] = runShader(mergedStatistics(epsilon), {
    inputs: partial,
    shapes: [[channels], [channels], [2, channels]],
    sizes,
    workgroups: channels,
  }) as [Tensor1D, Tensor1D, Tensor2D];
  for (const made of partial) made.dispose();
  const inputs = [x, statistics, gamma, beta];
  const [value] = runShader(normalized(slope), { inputs, ...eachElement(x, channels) });
  return { value: value as Tensor, mean, variance, statistics };
}

/** Gradients with respect to x, gamma and beta, by three programs. `value` is the output where a rectifier follows. */
export function runBatchNormGradient(
  dy: Tensor,
  x: Tensor,
  statistics: Tensor,
  gamma: Tensor,
  value: Tensor | undefined,
  slope: Slope,
): [Tensor, Tensor, Tensor] {
  const channels = gamma.size;
  const rows = x.size / channels;
  const lanes = lanesFor(rows, channels);
  const sizes = [rows, channels, lanes];
  const given = value === undefined ? [dy, x, statistics] : [dy, x, statistics, value];
  const partial = runShader(partialGradients(slope), {
    inputs: given,
    shapes: [
      [lanes, channels],
      [lanes, channels],
    ],
    sizes,
    workgroups: Math.ceil((lanes * channels) / mostThreads),
  });
  const shapes = [[channels], [channels]];
  const [dGamma, dBeta] = runShader(mergedGradients, { inputs: partial, shapes, sizes, workgroups: channels });
  for (const made of partial) made.dispose();
  const inputs = [...given, gamma, dGamma as Tensor, dBeta as Tensor];
  const [dx] = runShader(inputGradient(slope), { inputs, ...eachElement(x, channels) });
  return [dx as Tensor, dGamma as Tensor, dBeta as Tensor];
}

/** Each lane's mean, and its sum of squares about that mean. */
const partialStatistics: Shader = {
  name: 'statistics of lanes',
  outputs: ['means', 'squares'],
  inputs: ['x'],
  sizes: ['rows', 'channels', 'lanes'],
  code: () => `
    @compute @workgroup_size(${mostThreads})
    fn main(@builtin(global_invocation_id) id: vec3<u32>) {
      let stride = u32(sizes.lanes * sizes.channels);
      if (id.x >= stride) { return; }
      // About a value of the lane itself: squares of large numbers would lose a small variance.
      let origin = x[id.x];
      var count = 0.0;
      var sum = 0.0;
      var square = 0.0;
      for (var at = id.x; at < u32(sizes.rows * sizes.channels); at += stride) {
        let distance = x[at] - origin;
        count += 1.0;
        sum += distance;
        square += distance * distance;
      }
      means[id.x] = origin + sum / count;
      squares[id.x] = max(square - sum * sum / count, 0.0);
    }`,
};

function mergedStatistics(epsilon: number): Shader {
  return {
    name: `statistics of channels ${epsilon}`,
    outputs: ['mean', 'variance', 'statistics'],
    inputs: ['means', 'squares'],
    sizes: ['rows', 'channels', 'lanes'],
    code: () => `
      ${sumOfThreads}
      // Rows of a lane: the first lanes have one more where they do not come out even.
      fn rowsOf(lane: u32) -> f32 { return f32((u32(sizes.rows) - lane + u32(sizes.lanes) - 1) / u32(sizes.lanes)); }

      @compute @workgroup_size(${mergeThreads})
      fn main(@builtin(local_invocation_index) thread: u32, @builtin(workgroup_id) group: vec3<u32>) {
        let channels = u32(sizes.channels);
        let rows = f32(sizes.rows);
        var sum = 0.0;
        for (var lane = thread; lane < u32(sizes.lanes); lane += ${mergeThreads}) {
          sum += rowsOf(lane) * means[lane * channels + group.x];
        }
        let middle = sumOfThreads(thread, sum) / rows;
        var square = 0.0;
        for (var lane = thread; lane < u32(sizes.lanes); lane += ${mergeThreads}) {
          let distance = means[lane * channels + group.x] - middle;
          square += squares[lane * channels + group.x] + rowsOf(lane) * distance * distance;
        }
        let spread = sumOfThreads(thread, square) / rows;
        if (thread == 0) {
          mean[group.x] = middle;
          variance[group.x] = spread;
          statistics[group.x] = middle;
          statistics[channels + group.x] = inverseSqrt(spread + ${epsilon});
        }
      }`,
  };
}

function normalized(slope: Slope): Shader {
  return {
    name: `batch norm ${slope}`,
    outputs: ['value'],
    inputs: ['x', 'statistics', 'gamma', 'beta'],
    sizes: ['elements', 'channels'],
    code: () => `
      @compute @workgroup_size(${mostThreads})
      fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
        let channels = u32(sizes.channels);
        for (var at = id.x; at < u32(sizes.elements); at += groups.x * ${mostThreads}) {
          let channel = at % channels;
          let normal = (x[at] - statistics[channel]) * statistics[channels + channel];
          let straight = normal * gamma[channel] + beta[channel];
          value[at] = ${slope === undefined ? 'straight' : `select(${slope} * straight, straight, straight > 0)`};
        }
      }`,
  };
}

/** Each lane's sums of the output's gradient, before the rectifier, and of its product with the normalised input. */
function partialGradients(slope: Slope): Shader {
  return {
    name: `gradients of lanes ${slope}`,
    outputs: ['products', 'sums'],
    inputs: givenNames(slope),
    sizes: ['rows', 'channels', 'lanes'],
    code: () => `
      @compute @workgroup_size(${mostThreads})
      fn main(@builtin(global_invocation_id) id: vec3<u32>) {
        let channels = u32(sizes.channels);
        let stride = u32(sizes.lanes) * channels;
        if (id.x >= stride) { return; }
        let channel = id.x % channels;
        let middle = statistics[channel];
        let inverse = statistics[channels + channel];
        var product = 0.0;
        var sum = 0.0;
        for (var at = id.x; at < u32(sizes.rows) * channels; at += stride) {
          let slope = ${slopeAt(slope)};
          sum += slope;
          product += slope * (x[at] - middle) * inverse;
        }
        products[id.x] = product;
        sums[id.x] = sum;
      }`,
  };
}

const mergedGradients: Shader = {
  name: 'gradients of channels',
  outputs: ['dGamma', 'dBeta'],
  inputs: ['products', 'sums'],
  sizes: ['rows', 'channels', 'lanes'],
  code: () => `
    ${sumOfThreads}
    @compute @workgroup_size(${mergeThreads})
    fn main(@builtin(local_invocation_index) thread: u32, @builtin(workgroup_id) group: vec3<u32>) {
      var product = 0.0;
      var sum = 0.0;
      for (var lane = thread; lane < u32(sizes.lanes); lane += ${mergeThreads}) {
        product += products[lane * u32(sizes.channels) + group.x];
        sum += sums[lane * u32(sizes.channels) + group.x];
      }
      let allProducts = sumOfThreads(thread, product);
      let all = sumOfThreads(thread, sum);
      if (thread == 0) {
        dGamma[group.x] = allProducts;
        dBeta[group.x] = all;
      }
    }`,
};

/** dx = γ/σ · (dy − mean(dy) − x̂ · mean(dy · x̂)) */
function inputGradient(slope: Slope): Shader {
  return {
    name: `gradient of batch norm ${slope}`,
    outputs: ['dx'],
    inputs: [...givenNames(slope), 'gamma', 'dGamma', 'dBeta'],
    sizes: ['elements', 'channels'],
    code: () => `
      @compute @workgroup_size(${mostThreads})
      fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
        let channels = u32(sizes.channels);
        let rows = f32(sizes.elements / sizes.channels);
        for (var at = id.x; at < u32(sizes.elements); at += groups.x * ${mostThreads}) {
          let channel = at % channels;
          let inverse = statistics[channels + channel];
          let normal = (x[at] - statistics[channel]) * inverse;
          let rest = ${slopeAt(slope)} - (dBeta[channel] + normal * dGamma[channel]) / rows;
          dx[at] = gamma[channel] * inverse * rest;
        }
      }`,
  };
}

function givenNames(slope: Slope): string[] {
  return ['dy', 'x', 'statistics', ...(slope === undefined ? [] : ['value'])];
}

/** Gradient of the output before the rectifier, whose sign is that after it. */
function slopeAt(slope: Slope): string {
  return slope === undefined ? 'dy[at]' : `dy[at] * select(${slope}, 1.0, value[at] > 0)`;
}
