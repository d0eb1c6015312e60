import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Tensor4D, tensor4d } from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { openTensorFile } from '../../../src/checkpoint/index.js';
import { loadVgg19 } from '../../../src/trainer/losses/index.js';
import { vggForward } from '../../../src/trainer/losses/vgg19.js';
import { findTensorFlow, runTensorFlow } from '../../oracle/tensorflow.js';
import { expectClose, randomValues, sizeOf, useBackend } from '../numeric.js';
import { temporaryFolder } from '../support.js';

const python = findTensorFlow() ?? '';

/** A file of float32 tensors of these shapes, in memory. */
function fileOf(shapes: Readonly<Record<string, number[]>>) {
  const read = (name: string) => {
    const shape = shapes[name] as number[];
    return { dtype: 'float32' as const, shape, data: new Uint8Array(randomValues(sizeOf(shape), name).buffer) };
  };
  const entries = Object.entries(shapes).map(
    ([name, shape]) => [name, { dtype: 'float32' as const, shape, size: 4 * sizeOf(shape) }] as const,
  );
  return { path: 'vgg', names: Object.keys(shapes), entries: new Map(entries), read };
}

describe('weights of VGG-19', () => {
  useBackend('wasm');

  test.each([
    [
      'the first files of Keras',
      {
        'block1_conv1/block1_conv1_W_1:0': [3, 3, 3, 64],
        'block1_conv1/block1_conv1_b_1:0': [64],
        'block1_conv2/block1_conv2_W_1:0': [3, 3, 64, 64],
        'block1_conv2/block1_conv2_b_1:0': [64],
      },
    ],
    [
      'Keras 3',
      {
        'layers/conv2d/vars/0': [3, 3, 3, 64],
        'layers/conv2d/vars/1': [64],
        'layers/conv2d_1/vars/0': [3, 3, 64, 64],
        'layers/conv2d_1/vars/1': [64],
        'layers/conv2d_10/vars/0': [3, 3, 512, 512],
        'layers/conv2d_10/vars/1': [512],
      },
    ],
    [
      'torchvision',
      {
        'features.0.bias': [64],
        'features.0.weight': [64, 3, 3, 3],
        'features.10.weight': [256, 128, 3, 3],
        'features.10.bias': [256],
        'features.2.weight': [64, 64, 3, 3],
        'features.2.bias': [64],
      },
    ],
  ])('are found in %s by their order and shapes', (_, shapes) => {
    const { vgg } = loadVgg19(fileOf(shapes as unknown as Record<string, number[]>), ['block1_conv2']);
    expect(vgg.convolutions.map(({ kernel }) => kernel.shape)).toEqual([
      [3, 3, 3, 64],
      [3, 3, 64, 64],
    ]);
  });

  test('are refused by name when they are something else, or too few', () => {
    const first = { 'a/kernel': [3, 3, 3, 64], 'a/bias': [64] };
    expect(() => loadVgg19(fileOf(first), ['block1_conv2'])).toThrow(/block1_conv2 is missing/);
    expect(() => loadVgg19(fileOf({ ...first, 'a/kernel': [3, 3, 3, 32] }), ['block1_conv1'])).toThrow(/\[3,3,3,32\]/);
  });

  test.skipIf(python === '')('from the .h5 files of Keras give its features', () => {
    const folder = temporaryFolder();
    runTensorFlow(python, 'keras_vgg.py', folder);
    const expected: { image: number[]; features: number[] } = JSON.parse(
      readFileSync(join(folder, 'vgg.json'), 'utf8'),
    );
    for (const name of ['vgg.weights.h5', 'vgg.h5']) {
      const file = openTensorFile(join(folder, name));
      const { vgg } = loadVgg19(file, ['block2_conv1']);
      file.close();
      const image = tensor4d(Float32Array.from(expected.image), [1, 8, 12, 1]);
      const features = vggForward(vgg, image).outputs.at(-1) as Tensor4D;
      expectClose(features.dataSync(), expected.features, 1e-4, name);
    }
  });
});
