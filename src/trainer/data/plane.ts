import type { Random } from '../random/random.js';

/** A height × width array of numbers, row by row. */
export interface Plane {
  readonly width: number;
  readonly height: number;
  readonly values: Float32Array;
}

/** A plane of zeros. */
export function createPlane(width: number, height: number): Plane {
  return { width, height, values: new Float32Array(width * height) };
}

/**
 * A random plane that varies smoothly between 0 and 1: random values at a grid of `cell` pixels, joined by smoothstep (value
 * noise, Perlin 1985).
 */
export function smoothField(random: Random, width: number, height: number, cell: number): Plane {
  const columns = Math.ceil(width / cell) + 2;
  const rows = Math.ceil(height / cell) + 2;
  const grid = Float32Array.from({ length: columns * rows }, () => random.uniform());
  const across = gridPositions(width, cell, random.uniform());
  const down = gridPositions(height, cell, random.uniform());
  const plane = createPlane(width, height);
  for (let y = 0; y < height; y++) {
    const row = (down.index[y] as number) * columns;
    const weightY = down.weight[y] as number;
    for (let x = 0; x < width; x++) {
      const at = row + (across.index[x] as number);
      const weightX = across.weight[x] as number;
      const upper = mix(grid[at] as number, grid[at + 1] as number, weightX);
      const lower = mix(grid[at + columns] as number, grid[at + columns + 1] as number, weightX);
      plane.values[y * width + x] = mix(upper, lower, weightY);
    }
  }
  return plane;
}

/** Blurs with a Gaussian of `sigma` pixels, edges repeated; returns a new plane. */
export function gaussianBlur(plane: Plane, sigma: number): Plane {
  const radius = Math.ceil(3 * sigma);
  const kernel = Float64Array.from({ length: 2 * radius + 1 }, (_, i) =>
    Math.exp(-((i - radius) ** 2) / (2 * sigma ** 2)),
  );
  const sum = kernel.reduce((total, weight) => total + weight, 0);
  const weights = kernel.map((weight) => weight / sum);
  return blurColumns(blurRows(plane, weights, radius), weights, radius);
}

function gridPositions(length: number, cell: number, phase: number): { index: Uint16Array; weight: Float32Array } {
  const index = new Uint16Array(length);
  const weight = new Float32Array(length);
  for (let i = 0; i < length; i++) {
    const position = i / cell + phase;
    index[i] = Math.floor(position);
    const fraction = position - Math.floor(position);
    weight[i] = fraction * fraction * (3 - 2 * fraction);
  }
  return { index, weight };
}

function mix(from: number, to: number, weight: number): number {
  return from + (to - from) * weight;
}

/** Each row is copied between repeated edge pixels first, so that the inner loop needs no bounds. */
function blurRows({ width, height, values }: Plane, weights: Float64Array, radius: number): Plane {
  const out = createPlane(width, height);
  const padded = new Float64Array(width + 2 * radius);
  for (let y = 0; y < height; y++) {
    for (let i = 0; i < padded.length; i++) padded[i] = values[y * width + clamp(i - radius, width - 1)] as number;
    for (let x = 0; x < width; x++) {
      let sum = 0;
      for (let k = 0; k < weights.length; k++) sum += (weights[k] as number) * (padded[x + k] as number);
      out.values[y * width + x] = sum;
    }
  }
  return out;
}

function blurColumns({ width, height, values }: Plane, weights: Float64Array, radius: number): Plane {
  const out = createPlane(width, height);
  for (let y = 0; y < height; y++) {
    for (let k = -radius; k <= radius; k++) {
      const weight = weights[k + radius] as number;
      const from = clamp(y + k, height - 1) * width;
      for (let x = 0; x < width; x++) {
        out.values[y * width + x] = (out.values[y * width + x] as number) + weight * (values[from + x] as number);
      }
    }
  }
  return out;
}

function clamp(index: number, last: number): number {
  return Math.min(Math.max(index, 0), last);
}
