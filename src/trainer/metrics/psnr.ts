/**
 * Peak signal-to-noise ratio of two images (any shape, same length) in dB, as `tf.image.psnr` computes it:
 * 10 · log10(maxValue² / MSE). Equal images give Infinity.
 */
export function psnr(image: Float32Array, reference: Float32Array, maxValue = 1): number {
  if (image.length !== reference.length) throw new RangeError(`${image.length} against ${reference.length} pixels`);
  let sum = 0;
  for (let i = 0; i < image.length; i++) {
    const difference = (image[i] as number) - (reference[i] as number);
    sum += difference * difference;
  }
  return 10 * Math.log10((maxValue * maxValue) / (sum / image.length));
}
