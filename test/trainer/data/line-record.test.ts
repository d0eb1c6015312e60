import { describe, expect, test } from 'vitest';
import { encodeExample, type Feature } from '../../../src/trainer/data/example.js';
import { decodeLine, encodeLine, type LineLayout } from '../../../src/trainer/data/line-record.js';

const [width, height] = [6, 3];
const layout: LineLayout = { width, height, characters: 10, labelBase: 1 };
const ramp = Float32Array.from({ length: width * height }, (_, i) => i / 20);
const line = { degraded: ramp, clean: ramp.map((value) => 1 - value), labels: Int32Array.of(0, 9, 0, 3) };

const bytes = (array: ArrayBufferView): Feature => ({
  kind: 'bytes',
  values: [new Uint8Array(array.buffer, array.byteOffset, array.byteLength)],
});
const int64s = (...values: number[]): Feature => ({ kind: 'int64s', values });
const text = (value: string): Feature => bytes(Buffer.from(value));

/** A record of another writer: the default is what the reference writes; `undefined` leaves a feature out. */
function record(changes: Record<string, Feature | undefined>): Uint8Array {
  const features: Record<string, Feature | undefined> = {
    degraded_image_raw: bytes(ramp),
    degraded_image_shape: int64s(height, width, 1),
    degraded_image_dtype: text('float32'),
    clean_image_raw: bytes(ramp),
    clean_image_shape: int64s(height, width, 1),
    clean_image_dtype: text('float32'),
    label_raw: bytes(BigInt64Array.of(3n, 1n, 10n, 0n, 0n)),
    label_shape: int64s(5),
    label_dtype: text('int64'),
    ...changes,
  };
  return encodeExample(new Map(Object.entries(features).flatMap(([name, value]) => (value ? [[name, value]] : []))));
}

/** The ramp stored column by column: [width, height, 1]. */
const turned = Float32Array.from(
  { length: ramp.length },
  (_, i) => ramp[(i % height) * width + Math.floor(i / height)] ?? 0,
);

describe('records of lines', () => {
  test('what we write is what we read', () => {
    expect(decodeLine(encodeLine(line, width, height), layout)).toEqual(line);
  });

  test('the reference: characters count from 1 and 0 pads the end', () => {
    const read = decodeLine(record({}), layout);
    expect([...read.labels]).toEqual([2, 0, 9]);
    expect(read.degraded).toEqual(ramp);
  });

  test.each<[string, Record<string, Feature | undefined>]>([
    ['columns first', { degraded_image_raw: bytes(turned), degraded_image_shape: int64s(width, height, 1) }],
    ['no channel', { degraded_image_shape: int64s(height, width) }],
    ['shape as raw int64', { degraded_image_shape: bytes(BigInt64Array.of(3n, 6n, 1n)) }],
    ['shape as raw int32', { degraded_image_shape: bytes(Int32Array.of(3, 6, 1)) }],
    ['no shape', { degraded_image_shape: undefined }],
    ['no type', { degraded_image_dtype: undefined }],
    ['type in numpy words', { degraded_image_dtype: text("<class 'numpy.float32'>") }],
    ['float64', { degraded_image_raw: bytes(Float64Array.from(ramp)), degraded_image_dtype: text('float64') }],
  ])('another writer, %s: the same image', (_, changes) => {
    expect(decodeLine(record(changes), layout).degraded).toEqual(ramp);
  });

  test('bytes are scaled', () => {
    const raw = Uint8Array.from({ length: width * height }, (_, i) => i * 15);
    const read = decodeLine(record({ clean_image_raw: bytes(raw), clean_image_dtype: text('uint8') }), layout);
    expect(read.clean).toEqual(Float32Array.from(raw, (value) => value / 255));
  });

  test('labels of int32, and labels that count from 0 with any kind of padding', () => {
    const int32 = { label_raw: bytes(Int32Array.of(3, 1)), label_shape: int64s(2), label_dtype: text('int32') };
    expect([...decodeLine(record(int32), layout).labels]).toEqual([2, 0]);
    const fromZero = { label_raw: bytes(BigInt64Array.of(3n, 0n, 9n, 0n, 10n, -1n)), label_shape: int64s(6) };
    expect([...decodeLine(record(fromZero), { ...layout, labelBase: 0 }).labels]).toEqual([3, 0, 9, 0]);
  });

  test('an empty label', () => {
    const empty = { label_raw: bytes(BigInt64Array.of(0n, 0n)), label_shape: int64s(2) };
    expect(decodeLine(record(empty), layout).labels.length).toBe(0);
  });

  test.each<[string, Record<string, Feature | undefined>]>([
    ['clean_image_raw (one byte string) is missing', { clean_image_raw: undefined }],
    ['clean_image_raw (one byte string) is missing', { clean_image_raw: int64s(1) }],
    [
      'degraded_image has shape [6,6,1]',
      { degraded_image_raw: bytes(new Float32Array(36)), degraded_image_shape: int64s(6, 6, 1) },
    ],
    [
      'degraded_image_shape is [3,5,1], but degraded_image_raw holds 18 elements',
      { degraded_image_shape: int64s(3, 5, 1) },
    ],
    ['no multiple of 4', { degraded_image_raw: bytes(new Uint8Array(71)) }],
    ['"bfloat16", none of', { degraded_image_dtype: text('bfloat16') }],
    ['holds the value NaN', { degraded_image_raw: bytes(ramp.map((value, i) => (i === 4 ? Number.NaN : value))) }],
    ['holds the value -1', { degraded_image_raw: bytes(ramp.map(() => -1)) }],
    ['the label holds 11', { label_raw: bytes(BigInt64Array.of(11n)), label_shape: int64s(1) }],
    ['the label holds 0', { label_raw: bytes(BigInt64Array.of(1n, 0n, 1n)), label_shape: int64s(3) }],
  ])('%s', (message, changes) => {
    expect(() => decodeLine(record(changes), layout)).toThrow(message);
  });
});
