import type { Line } from './batch.js';
import { decodeExample, encodeExample } from './example.js';
import { type RawArray, rawArrayFeatures, readRawArray } from './raw-array.js';

/** What a record has to be read as. */
export interface LineLayout {
  /** Pixels of every line. */
  readonly width: number;
  readonly height: number;
  /** Number of characters that labels may name. */
  readonly characters: number;
  /** Number that the file gives to the first character: 1 (0 is padding), or 0 in files of other writers. */
  readonly labelBase: 0 | 1;
}

/**
 * Serializes a line as a `tf.train.Example` with the features of the reference data set: images float32 of shape
 * [height, width, 1], label int64 of shape [length], each as `_raw` bytes with `_shape` and `_dtype`. Characters count from 1.
 */
export function encodeLine({ degraded, clean, labels }: Line, width: number, height: number): Uint8Array {
  const stored = BigInt64Array.from(labels, (label) => BigInt(label + 1));
  return encodeExample(
    new Map([
      ...rawArrayFeatures('degraded_image', 'float32', degraded, [height, width, 1]),
      ...rawArrayFeatures('clean_image', 'float32', clean, [height, width, 1]),
      ...rawArrayFeatures('label', 'int64', stored, [stored.length]),
    ]),
  );
}

/**
 * Reads a line. Images stored as [width, height, 1] are turned, uint8 images are scaled to [0, 1]; padding after a label is
 * dropped.
 * @throws Error saying what is wrong with the record
 */
export function decodeLine(bytes: Uint8Array, layout: LineLayout): Line {
  const features = decodeExample(bytes);
  return {
    degraded: toImage(readRawArray(features, 'degraded_image', 'float32'), layout, 'degraded_image'),
    clean: toImage(readRawArray(features, 'clean_image', 'float32'), layout, 'clean_image'),
    labels: toLabels(readStoredLabel(bytes, features), layout),
  };
}

/** The numbers of a record's label as they are stored, padding included. */
export function readStoredLabel(bytes: Uint8Array, features = decodeExample(bytes)): number[] {
  return Array.from(readRawArray(features, 'label', 'int64').values, Number);
}

function toImage({ values, shape }: RawArray, { width, height }: LineLayout, name: string): Float32Array {
  const pixels = toPixels(values, name);
  const sides = (shape ?? [height, width]).filter((size) => size !== 1);
  if (sides.length === 2 && sides[0] === height && sides[1] === width && pixels.length === width * height)
    return pixels;
  if (sides.length === 2 && sides[0] === width && sides[1] === height) return transpose(pixels, width, height);
  throw new Error(
    `${name} has shape [${shape ?? pixels.length}], but data.image_height and data.image_width say ${height} × ${width}`,
  );
}

function toPixels(values: RawArray['values'], name: string): Float32Array {
  if (values instanceof Uint8Array) return Float32Array.from(values, (value) => value / 255);
  if (!(values instanceof Float32Array || values instanceof Float64Array)) {
    throw new Error(`${name} holds integers, expected float32, float64 or uint8`);
  }
  // Rounding of a writer may overshoot; values of another scale (or NaN) would silently spoil the training.
  const wrong = findNoPixel(values);
  if (wrong !== undefined) throw new Error(`${name} holds the value ${wrong}, expected pixels from 0 to 1`);
  return values instanceof Float32Array ? values : Float32Array.from(values);
}

/** A loop, because `find` takes ten times as long for the 131,072 values of a line. */
function findNoPixel(values: Float32Array | Float64Array): number | undefined {
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    if (!(value >= -0.1 && value <= 1.1)) return value;
  }
  return undefined;
}

/** Turns an image stored column by column (width × height) into rows. */
function transpose(columns: Float32Array, width: number, height: number): Float32Array {
  const rows = new Float32Array(columns.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) rows[y * width + x] = columns[x * height + y] as number;
  }
  return rows;
}

function toLabels(stored: readonly number[], { characters, labelBase }: LineLayout): Int32Array {
  const isCharacter = (value: number) => value >= labelBase && value < characters + labelBase;
  const isPadding = (value: number) => value < labelBase || (labelBase === 0 && value === characters);
  const length = stored.findLastIndex((value) => !isPadding(value)) + 1;
  const labels = stored.slice(0, length);
  const wrong = labels.find((value) => !isCharacter(value));
  if (wrong === undefined) return Int32Array.from(labels, (value) => value - labelBase);
  throw new Error(
    `the label holds ${wrong}, but the ${characters} characters are numbered from ${labelBase}: is data.charset_path the right one?`,
  );
}
