import { convSizeNames, tileColumnsFor, tileDepth, tileRows, tileThreads } from './conv-tiles.js';
import type { Shader } from './run-shader.js';

/** Workgroups that keep a large card busy. */
const usefulWorkgroups = 1024;
/** Pixels that a workgroup adds up at least. */
const leastPixels = 256;

/** Sizes that decide how the work is shared out. */
interface FilterSizes {
  /** Numbers of the filter but for its output channels. */
  readonly filterRows: number;
  readonly outChannels: number;
  /** Rows of pixels of all images, and pixels of a row. */
  readonly rows: number;
  readonly outWidth: number;
}

/** Tiles of the gradient, and lanes, each of which adds up some rows of pixels. */
export interface FilterTiles {
  readonly columns: number;
  readonly rowTiles: number;
  readonly columnTiles: number;
  readonly lanes: number;
}

export function planFilterTiles({ filterRows, outChannels, rows, outWidth }: FilterSizes): FilterTiles {
  const columns = tileColumnsFor(outChannels);
  const rowTiles = Math.ceil(filterRows / tileRows);
  const columnTiles = Math.ceil(outChannels / columns);
  const wanted = Math.min(usefulWorkgroups / (rowTiles * columnTiles), (rows * outWidth) / leastPixels, rows);
  const rowsEach = Math.ceil(rows / Math.max(1, Math.floor(wanted)));
  return { columns, rowTiles, columnTiles, lanes: Math.ceil(rows / rowsEach) };
}

/**
 * Sums of a lane, for input and output channels in multiples of four. Rows of the product are places and input channels of the
 * filter, columns its output channels; multiplied are 16 neighbouring pixels of a row at a time.
 */
export function tiledSums(columns: number): Shader {
  const threads = tileThreads(columns);
  const down = tileRows / 4;
  const across = columns / 4;
  return {
    name: `filter gradient in tiles of ${columns}`,
    outputs: ['sums'],
    inputs: ['x', 'dy'],
    vectors: ['sums', 'x', 'dy'],
    sizes: ['rowTiles', 'columnTiles', 'lanes', 'rows', ...convSizeNames],
    code: () => `
      var<workgroup> left: array<vec4<f32>, ${tileDepth * down}>;
      var<workgroup> right: array<vec4<f32>, ${tileDepth * across}>;

      @compute @workgroup_size(${threads})
      fn main(@builtin(local_invocation_index) index: u32, @builtin(workgroup_id) group: vec3<u32>) {
        let thread = i32(index);
        let inVectors = sizes.inChannels / 4;
        let outVectors = sizes.outChannels / 4;
        let places = sizes.filterHeight * sizes.filterWidth;
        let tiles = sizes.rowTiles * sizes.columnTiles;
        let tile = i32(group.x) % tiles;
        let lane = i32(group.x) / tiles;
        let firstRow = (tile / sizes.columnTiles) * ${down};
        let firstColumn = (tile % sizes.columnTiles) * ${across};

        // What this thread fetches: four input channels at a place of the filter, and four output channels.
        let wanted = firstRow + thread % ${down};
        let place = wanted / inVectors;
        let inVector = wanted % inVectors;
        let below = place / sizes.filterWidth - sizes.top;
        let along = place % sizes.filterWidth - sizes.left;
        let outVector = firstColumn + thread % ${across};
        let ownPixel = thread / ${across};

        var total: array<vec4<f32>, 4>;
        for (var row = lane; row < sizes.rows; row += sizes.lanes) {
          let y = (row % sizes.outHeight) * sizes.strideHeight + below;
          let isInside = place < places && y >= 0 && y < sizes.inHeight;
          let start = ((row / sizes.outHeight) * sizes.inHeight + y) * sizes.inWidth;
          for (var first = 0; first < sizes.outWidth; first += ${tileDepth}) {
            for (var pixel = thread / ${down}; pixel < ${tileDepth}; pixel += ${threads / down}) {
              let position = (first + pixel) * sizes.strideWidth + along;
              var value = vec4<f32>();
              if (isInside && first + pixel < sizes.outWidth && position >= 0 && position < sizes.inWidth) {
                value = x[(start + position) * inVectors + inVector];
              }
              left[pixel * ${down} + thread % ${down}] = value;
            }
            var value = vec4<f32>();
            if (first + ownPixel < sizes.outWidth && outVector < outVectors) {
              value = dy[(row * sizes.outWidth + first + ownPixel) * outVectors + outVector];
            }
            right[thread] = value;
            workgroupBarrier();
            for (var pixel = 0; pixel < ${tileDepth}; pixel++) {
              let a = left[pixel * ${down} + thread / ${across}];
              let b = right[pixel * ${across} + thread % ${across}];
              total[0] += a.x * b;
              total[1] += a.y * b;
              total[2] += a.z * b;
              total[3] += a.w * b;
            }
            workgroupBarrier();
          }
        }
        let summed = firstRow + thread / ${across};
        if (summed < places * inVectors && outVector < outVectors) {
          for (var at = 0; at < 4; at++) {
            let filterRow = lane * places * inVectors * 4 + summed * 4 + at;
            sums[filterRow * outVectors + outVector] = total[at];
          }
        }
      }`,
  };
}
