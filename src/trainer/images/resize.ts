import type { GrayImage } from './gray-image.js';

/**
 * Resizes with a triangle filter as wide as the greater of the two pixel sizes (bilinear when enlarging, an average when
 * shrinking), one axis after the other.
 */
export function resizeImage(image: GrayImage, width: number, height: number): GrayImage {
  if (width === image.width && height === image.height) return image;
  const wide = resizeRows(image, width);
  return transpose(resizeRows(transpose(wide), height));
}

function resizeRows({ width, height, pixels }: GrayImage, newWidth: number): GrayImage {
  const scale = width / newWidth;
  const reach = Math.max(1, scale);
  const resized = new Float32Array(newWidth * height);
  for (let x = 0; x < newWidth; x++) {
    const centre = (x + 0.5) * scale - 0.5;
    const first = Math.ceil(centre - reach);
    const weights: number[] = [];
    for (let source = first; source <= centre + reach; source++)
      weights.push(Math.max(0, 1 - Math.abs(source - centre) / reach));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    for (let y = 0; y < height; y++) {
      let sum = 0;
      for (const [index, weight] of weights.entries()) {
        const source = Math.min(Math.max(first + index, 0), width - 1);
        sum += weight * (pixels[y * width + source] as number);
      }
      resized[y * newWidth + x] = sum / total;
    }
  }
  return { width: newWidth, height, pixels: resized };
}

function transpose({ width, height, pixels }: GrayImage): GrayImage {
  const turned = new Float32Array(pixels.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) turned[x * height + y] = pixels[y * width + x] as number;
  }
  return { width: height, height: width, pixels: turned };
}
