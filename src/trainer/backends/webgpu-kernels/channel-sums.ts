import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import { lanesFor, mergeThreads, sumOfThreads } from './channel-lanes.js';
import { mostThreads, runShader, type Shader } from './run-shader.js';

/** Sum of each channel (the last axis) over all other axes, by two programs. */
export function runChannelSums(x: Tensor): Tensor1D {
  const channels = x.shape.at(-1) ?? 1;
  const rows = x.size / channels;
  const lanes = lanesFor(rows, channels);
  const sizes = [rows, channels, lanes];
  const [partial] = runShader(sumsOfLanes, {
    inputs: [x],
    shapes: [[lanes, channels]],
    sizes,
    workgroups: Math.ceil((lanes * channels) / mostThreads),
  }) as [Tensor];
  const [sums] = runShader(sumsOfChannels, { inputs: [partial], shapes: [[channels]], sizes, workgroups: channels });
  partial.dispose();
  return sums as Tensor1D;
}

const sumsOfLanes: Shader = {
  name: 'sums of lanes',
  outputs: ['sums'],
  inputs: ['x'],
  sizes: ['rows', 'channels', 'lanes'],
  code: () => `
    @compute @workgroup_size(${mostThreads})
    fn main(@builtin(global_invocation_id) id: vec3<u32>) {
      let stride = u32(sizes.lanes * sizes.channels);
      if (id.x >= stride) { return; }
      var sum = 0.0;
      for (var at = id.x; at < u32(sizes.rows * sizes.channels); at += stride) { sum += x[at]; }
      sums[id.x] = sum;
    }`,
};

const sumsOfChannels: Shader = {
  name: 'sums of channels',
  outputs: ['sums'],
  inputs: ['partial'],
  sizes: ['rows', 'channels', 'lanes'],
  code: () => `
    ${sumOfThreads}
    @compute @workgroup_size(${mergeThreads})
    fn main(@builtin(local_invocation_index) thread: u32, @builtin(workgroup_id) group: vec3<u32>) {
      var sum = 0.0;
      for (var lane = thread; lane < u32(sizes.lanes); lane += ${mergeThreads}) {
        sum += partial[lane * u32(sizes.channels) + group.x];
      }
      let all = sumOfThreads(thread, sum);
      if (thread == 0) { sums[group.x] = all; }
    }`,
};
