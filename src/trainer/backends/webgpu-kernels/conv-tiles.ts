import type { backend_util } from '@tensorflow/tfjs-core';

/** What tfjs makes of a convolution's shapes, strides and padding. */
export type ConvInfo = ReturnType<typeof backend_util.computeConv2DInfo>;

/** Sizes of a convolution that its programs are given, by their names in WGSL. */
export const convSizeNames = [
  ...['filterHeight', 'filterWidth', 'inHeight', 'inWidth', 'inChannels', 'outHeight', 'outWidth', 'outChannels'],
  ...['strideHeight', 'strideWidth', 'top', 'left'],
] as const;

/** The values of {@link convSizeNames}. */
export function convSizes(info: ConvInfo): number[] {
  const { filterHeight, filterWidth, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels } = info;
  const { strideHeight, strideWidth, padInfo } = info;
  return [
    ...[filterHeight, filterWidth, inHeight, inWidth, inChannels, outHeight, outWidth, outChannels],
    ...[strideHeight, strideWidth, padInfo.top, padInfo.left],
  ];
}

/**
 * Convolutions and their gradients as products of matrices, tile by tile: a workgroup brings a part of both matrices into the memory
 * that its threads share, and each thread adds up the products for four rows and four columns of a tile.
 */

/** Rows of a tile. */
export const tileRows = 64;
/** Workgroups in a row, as many as WebGPU promises. */
export const mostWorkgroups = 65_535;
/** Rows of both matrices that are multiplied at a time. */
export const tileDepth = 16;

/** Columns of a tile for so many columns in all: 8, 16, 32 or 64. */
export function tileColumnsFor(columns: number): number {
  return Math.min(64, Math.max(8, 2 ** Math.ceil(Math.log2(columns))));
}

/** Threads of a workgroup, each with four rows and four columns of a tile. */
export function tileThreads(tileColumns: number): number {
  return (tileRows / 4) * (tileColumns / 4);
}
