import { PNG } from 'pngjs';
import { writeFileAtomic } from '../../protocol/index.js';

/** A grayscale image: height × width values in [0, 1], row by row, 0 black and 1 white. */
export interface GrayImage {
  readonly width: number;
  readonly height: number;
  readonly pixels: Float32Array;
}

/** Encodes as 8-bit grayscale PNG; values outside [0, 1] are clipped, NaN becomes black. */
export function encodePng({ width, height, pixels }: GrayImage): Uint8Array {
  const png = new PNG({ width, height });
  png.data = Buffer.from(Uint8Array.from(pixels, toByte));
  return PNG.sync.write(png, { colorType: 0, inputColorType: 0, inputHasAlpha: false });
}

/** Decodes any PNG to grayscale (ITU-R BT.601 luma for colours). */
export function decodePng(bytes: Uint8Array): GrayImage {
  const { width, height, data } = PNG.sync.read(Buffer.from(bytes));
  const pixels = new Float32Array(width * height);
  for (let i = 0; i < pixels.length; i++) {
    const [red, green, blue] = [data[i * 4], data[i * 4 + 1], data[i * 4 + 2]] as [number, number, number];
    pixels[i] = (0.299 * red + 0.587 * green + 0.114 * blue) / 255;
  }
  return { width, height, pixels };
}

/** Writes a PNG file by replacement. It is not flushed: an image that a power cut loses is made again in the next epoch. */
export function writePng(path: string, image: GrayImage): void {
  writeFileAtomic(path, encodePng(image), { durable: false });
}

function toByte(value: number): number {
  return Math.round(Math.min(Math.max(value, 0), 1) * 255);
}
