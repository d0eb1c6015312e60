const filterSize = 11;
const filterSigma = 1.5;
const k1 = 0.01;
const k2 = 0.03;

/**
 * Structural similarity of two single-channel images of height × width, as `tf.image.ssim` computes it (Wang et al. 2004):
 * Gaussian window of 11 pixels and σ 1.5, no padding, K1 0.01, K2 0.03; the mean over all window positions, in [−1, 1].
 * @throws RangeError for images smaller than the window
 */
export function ssim(
  image: Float32Array,
  reference: Float32Array,
  width: number,
  height: number,
  maxValue = 1,
): number {
  if (width < filterSize || height < filterSize)
    throw new RangeError(`SSIM needs ${filterSize} × ${filterSize} pixels`);
  if (image.length !== width * height || reference.length !== image.length) throw new RangeError('sizes differ');
  const product = image.map((value, i) => value * (reference[i] as number));
  const squares = image.map((value, i) => value * value + (reference[i] as number) ** 2);
  const [meanX, meanY, meanProduct, meanSquares] = [image, reference, product, squares].map((plane) =>
    blurValid(plane, width, height),
  ) as [Float64Array, Float64Array, Float64Array, Float64Array];
  const c1 = (k1 * maxValue) ** 2;
  const c2 = (k2 * maxValue) ** 2;
  let sum = 0;
  for (let i = 0; i < meanX.length; i++) {
    const x = meanX[i] as number;
    const y = meanY[i] as number;
    const luminance = (2 * x * y + c1) / (x * x + y * y + c1);
    const contrast =
      (2 * ((meanProduct[i] as number) - x * y) + c2) / ((meanSquares[i] as number) - x * x - y * y + c2);
    sum += luminance * contrast;
  }
  return sum / meanX.length;
}

const kernel = gaussian(filterSize, filterSigma);

function gaussian(size: number, sigma: number): Float64Array {
  const weights = Float64Array.from({ length: size }, (_, i) =>
    Math.exp(-((i - (size - 1) / 2) ** 2) / (2 * sigma * sigma)),
  );
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

/** Weighted means over all whole windows: the Gaussian is separable, so rows first, then columns. */
function blurValid(plane: Float32Array, width: number, height: number): Float64Array {
  const outWidth = width - filterSize + 1;
  const outHeight = height - filterSize + 1;
  const rows = new Float64Array(outWidth * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < outWidth; x++) rows[y * outWidth + x] = weigh(plane, y * width + x, 1);
  }
  const out = new Float64Array(outWidth * outHeight);
  for (let i = 0; i < out.length; i++) out[i] = weigh(rows, i, outWidth);
  return out;
}

function weigh(values: Float32Array | Float64Array, start: number, stride: number): number {
  let sum = 0;
  for (let k = 0; k < filterSize; k++) sum += (kernel[k] as number) * (values[start + k * stride] as number);
  return sum;
}
