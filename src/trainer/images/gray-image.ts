/** A grayscale image: height × width values in [0, 1], row by row, 0 black and 1 white. */
export interface GrayImage {
  readonly width: number;
  readonly height: number;
  readonly pixels: Float32Array;
}
