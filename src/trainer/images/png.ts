import { PNG } from 'pngjs';
import { writeFileAtomic } from '../../protocol/index.js';
import type { GrayImage } from './gray-image.js';

/** A decoded PNG, and how finely its file told grey values apart. */
export interface DecodedPng extends GrayImage {
  readonly bitDepth: 8 | 16;
}

/** Encodes as grayscale PNG of 8 or 16 bits; values outside [0, 1] are clipped, NaN becomes black. */
export function encodePng({ width, height, pixels }: GrayImage, bitDepth: 8 | 16 = 8): Uint8Array {
  const png = new PNG({ width, height });
  const levels = bitDepth === 8 ? Uint8Array.from(pixels, toLevel(255)) : Uint16Array.from(pixels, toLevel(65535));
  // The library takes 16-bit samples in the machine's own byte order.
  png.data = Buffer.from(levels.buffer);
  return PNG.sync.write(png, { colorType: 0, inputColorType: 0, inputHasAlpha: false, bitDepth });
}

/**
 * Decodes any PNG (grey, colour, palette, 1 to 16 bits, interlaced or not) to grayscale: ITU-R BT.601 luma of colours, white
 * under what is transparent.
 * @throws Error when the bytes are no PNG, or a damaged one
 */
export function decodePng(bytes: Uint8Array): DecodedPng {
  const { width, height, data, depth } = PNG.sync.read(Buffer.from(bytes), { skipRescale: isDeep(bytes) }) as PNG & {
    depth: number;
  };
  // For 16 bits the library hands out 16-bit samples, which its types do not know.
  const samples = data as Uint8Array | Uint16Array;
  const white = depth === 16 ? 65535 : 255;
  const pixels = new Float32Array(width * height);
  for (let i = 0; i < pixels.length; i++) {
    const [red, green, blue, alpha] = samples.subarray(i * 4, i * 4 + 4) as unknown as [number, number, number, number];
    const luma = (0.299 * red + 0.587 * green + 0.114 * blue) / white;
    pixels[i] = alpha === white ? luma : 1 + (luma - 1) * (alpha / white);
  }
  return { width, height, pixels, bitDepth: depth === 16 ? 16 : 8 };
}

/** Writes a PNG file by replacement. It is not flushed: an image that a power cut loses is made again in the next epoch. */
export function writePng(path: string, image: GrayImage, bitDepth: 8 | 16 = 8): void {
  writeFileAtomic(path, encodePng(image, bitDepth), { durable: false });
}

/** The bit depth stands at a fixed place: signature 8, chunk length and type 8, width 4, height 4. */
function isDeep(bytes: Uint8Array): boolean {
  return bytes[24] === 16;
}

function toLevel(white: number): (value: number) => number {
  return (value) => Math.round(Math.min(Math.max(value, 0), 1) * white) || 0;
}
