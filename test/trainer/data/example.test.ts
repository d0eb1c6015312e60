import { describe, expect, test } from 'vitest';
import { decodeExample, encodeExample, type Feature } from '../../../src/trainer/data/example.js';
import { fc } from '../../fast-check.js';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

const feature: fc.Arbitrary<Feature> = fc.oneof(
  fc.record({ kind: fc.constant('bytes' as const), values: fc.array(fc.uint8Array({ maxLength: 400 })) }),
  fc.record({
    kind: fc.constant('floats' as const),
    values: fc.array(fc.float({ noNaN: true, noDefaultInfinity: true })),
  }),
  fc.record({ kind: fc.constant('int64s' as const), values: fc.array(fc.maxSafeInteger()) }),
);

describe('tf.train.Example', () => {
  test('what was written is read, whatever it is', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), feature, { noNullPrototype: true }), (features) => {
        expect(decodeExample(encodeExample(new Map(Object.entries(features))))).toEqual(
          new Map(Object.entries(features)),
        );
      }),
    );
  });

  test('has the bytes that TensorFlow writes', () => {
    // tf.train.Example(...).SerializeToString() of TensorFlow 2.21 for {"a": bytes [b"xy"]}, {"n": int64 [1, -1]}, {"f": [0.5]}
    expect(hex(encodeExample(new Map([['a', { kind: 'bytes', values: [Buffer.from('xy')] }]])))).toBe(
      '0a0d0a0b0a016112060a040a027879',
    );
    expect(hex(encodeExample(new Map([['n', { kind: 'int64s', values: [1, -1] }]])))).toBe(
      '0a160a140a016e120f1a0d0a0b01ffffffffffffffffff01',
    );
    expect(hex(encodeExample(new Map([['f', { kind: 'floats', values: [0.5] }]])))).toBe(
      '0a0f0a0d0a0166120812060a040000003f',
    );
  });

  test('lists that are not packed are read too', () => {
    // Field 1 of Int64List twice as single varints (5, 7), instead of one packed run.
    const unpacked = Buffer.from('0a0d0a0b0a016e12061a0408050807', 'hex');
    expect(decodeExample(unpacked).get('n')).toEqual({ kind: 'int64s', values: [5, 7] });
  });

  test('a message cut anywhere is refused or lacks features, and never read past its end', () => {
    const whole = encodeExample(new Map([['image', { kind: 'bytes', values: [new Uint8Array(300)] }]]));
    for (let length = 1; length < whole.length; length++) {
      expect(() => decodeExample(whole.subarray(0, length))).toThrow();
    }
  });

  test('random bytes never hang it', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        try {
          expect(decodeExample(bytes)).toBeInstanceOf(Map);
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
        }
      }),
    );
  });
});
