import type { GrayImage } from '../images/index.js';
import type { Restorer } from './open-restorer.js';
import { type AxisTiles, layTiles } from './tiles.js';

/** Tiles that are restored at once. */
const tilesAtOnce = 8;

/** What of a {@link Restorer} this needs. */
export type TileRestorer = Pick<Restorer, 'width' | 'height' | 'restoreBatch'>;

/**
 * Restores an image of any size in tiles of the size that the model was trained on. Neighbouring tiles share the fraction
 * `overlap` of their size and are blended there, so that no seam shows; beyond the image's edge its last pixels are repeated.
 */
export async function restoreImage(image: GrayImage, restorer: TileRestorer, overlap = 0.25): Promise<GrayImage> {
  const { width, height } = image;
  const across = layTiles(width, restorer.width, Math.round(overlap * restorer.width));
  const down = layTiles(height, restorer.height, Math.round(overlap * restorer.height));
  const places = down.starts.flatMap((top) => across.starts.map((left) => ({ left, top })));
  const sum = new Float32Array(width * height);
  const weight = new Float32Array(width * height);
  const size = restorer.width * restorer.height;
  for (let first = 0; first < places.length; first += tilesAtOnce) {
    const group = places.slice(first, first + tilesAtOnce);
    const tiles = new Float32Array(group.length * size);
    for (const [index, place] of group.entries()) {
      cutTile(image, place, restorer, tiles.subarray(index * size, (index + 1) * size));
    }
    const restored = await restorer.restoreBatch(tiles, group.length);
    for (const [index, place] of group.entries()) {
      addTile({ sum, weight, width, height }, place, restored.subarray(index * size, (index + 1) * size), across, down);
    }
  }
  return { width, height, pixels: sum.map((value, at) => value / (weight[at] as number)) };
}

interface Place {
  readonly left: number;
  readonly top: number;
}

function cutTile({ width, height, pixels }: GrayImage, { left, top }: Place, size: TileRestorer, tile: Float32Array) {
  for (let y = 0; y < size.height; y++) {
    const row = Math.min(top + y, height - 1) * width;
    for (let x = 0; x < size.width; x++) {
      tile[y * size.width + x] = pixels[row + Math.min(left + x, width - 1)] as number;
    }
  }
}

interface Blend {
  readonly sum: Float32Array;
  readonly weight: Float32Array;
  readonly width: number;
  readonly height: number;
}

function addTile(blend: Blend, { left, top }: Place, tile: Float32Array, across: AxisTiles, down: AxisTiles): void {
  const tileWidth = across.weights.length;
  for (let y = 0; y < Math.min(down.weights.length, blend.height - top); y++) {
    for (let x = 0; x < Math.min(tileWidth, blend.width - left); x++) {
      const weight = (down.weights[y] as number) * (across.weights[x] as number);
      const at = (top + y) * blend.width + left + x;
      blend.sum[at] = (blend.sum[at] as number) + weight * (tile[y * tileWidth + x] as number);
      blend.weight[at] = (blend.weight[at] as number) + weight;
    }
  }
}
