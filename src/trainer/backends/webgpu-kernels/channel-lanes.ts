import type { Tensor } from '@tensorflow/tfjs-core';
import { mostThreads } from './run-shader.js';

/** Threads that take sums side by side; a lane is those of one row of them, a thread for each channel. */
const threadsAtOnce = 65_536;
/** Rows that a lane takes at least. */
const leastRows = 16;
/** Workgroups of a program at most; of more elements than these have threads, each thread takes several. */
const mostWorkgroups = 4096;

/** Threads of the workgroup that adds up what the lanes have of a channel. */
export const mergeThreads = 256;

/**
 * Sums over the rows of [rows, channels] are taken in two programs: first each lane adds up every so-many-th row, neighbouring
 * threads reading neighbouring numbers, then a workgroup for each channel adds up the lanes.
 */
export function lanesFor(rows: number, channels: number): number {
  return Math.max(1, Math.min(Math.ceil(rows / leastRows), Math.floor(threadsAtOnce / channels)));
}

/** How a program is started that makes one tensor like `x`, element by element. */
export function eachElement({ shape, size }: Tensor, channels = 1) {
  const workgroups = Math.min(mostWorkgroups, Math.ceil(size / mostThreads));
  return { shapes: [shape], sizes: [size, channels], workgroups };
}

/** WGSL of the sum of a number that each thread of a workgroup of {@link mergeThreads} gives; all have to call it. */
export const sumOfThreads = `
  var<workgroup> parts: array<f32, ${mergeThreads}>;

  fn sumOfThreads(thread: u32, part: f32) -> f32 {
    parts[thread] = part;
    workgroupBarrier();
    for (var half = ${mergeThreads / 2}u; half > 0; half = half / 2) {
      if (thread < half) { parts[thread] += parts[thread + half]; }
      workgroupBarrier();
    }
    let sum = parts[0];
    // Nobody may put the next numbers in before all have read this one.
    workgroupBarrier();
    return sum;
  }`;
