import type { Tensor, Tensor1D, Tensor4D } from '@tensorflow/tfjs-core';
import { dispose, grad, memory, mul, tensor } from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { createPerceptualLoss } from '../../../src/trainer/losses/index.js';
import { type Vgg, vggLayers } from '../../../src/trainer/losses/vgg19.js';
import { backends, expectClose, randomTensor, randomValues, useBackend } from '../numeric.js';

const input = { factors: [1, 0.5, 2], offsets: [0.1, -0.2, 0.3] } as const;

/** The first `depth` layers with few channels: shapes need not be those of the real network. */
function smallVgg(depth: number): Vgg {
  const convolutions = vggLayers.slice(0, depth).map(({ name }, index) => {
    const [inputs, channels] = [index === 0 ? 3 : 2 + index, 3 + index];
    const kernel = mul(randomTensor<Tensor4D>([3, 3, inputs, channels], `${name} kernel`), 0.5) as Tensor4D;
    return { kernel, bias: randomTensor<Tensor1D>([channels], `${name} bias`) };
  });
  return { input, convolutions };
}

const images = (label: string, lines = 3) => randomTensor<Tensor4D>([lines, 8, 12, 1], label);

describe.each(backends)('VGG-19 and the perceptual loss on %s', (backend) => {
  useBackend(backend);

  test('the gradient of the loss agrees with numeric ones, through two poolings and several layers', () => {
    const layers = ['block1_conv2', 'block2_conv1', 'block3_conv1'];
    const { loss } = createPerceptualLoss({ vgg: smallVgg(5), layers, scale: 0.7 });
    const [restored, clean] = [images('restored'), images('clean')];
    const valueAt = (x: Tensor) => loss(x as Tensor4D, clean).dataSync()[0] as number;
    const slope = grad((x) => loss(x as Tensor4D, clean))(restored).dataSync();
    const largest = Math.max(...slope.map(Math.abs));
    // Along the slope itself, so that what the rectifiers' kinks do in passing is little beside it.
    for (const label of ['one', 'two', 'three']) {
      const direction = randomValues(restored.size, label).map((value, i) => value + (4 * (slope[i] ?? 0)) / largest);
      const moved = (distance: number) =>
        tensor(
          restored.dataSync().map((value, i) => value + distance * (direction[i] as number)),
          restored.shape,
        );
      const numeric = (valueAt(moved(1e-3)) - valueAt(moved(-1e-3))) / 2e-3;
      const analytic = direction.reduce((total, value, i) => total + value * (slope[i] as number), 0);
      expect(Math.abs(analytic - numeric)).toBeLessThan(0.03 * Math.abs(numeric));
    }
  });

  test('parts of the batch give the value and gradient of the whole, and leave no tensors behind', () => {
    const options = { vgg: smallVgg(3), layers: ['block2_conv1'], scale: 1 };
    const [restored, clean] = [images('restored', 5), images('clean', 5)];
    const [whole, parts] = [createPerceptualLoss(options), createPerceptualLoss({ ...options, mostBytes: 1 })];
    const before = memory().numTensors;
    const [a, b] = [whole, parts].map(({ loss }) => {
      const value = loss(restored, clean);
      const slope = grad((x) => loss(x as Tensor4D, clean))(restored);
      const result = { value: value.dataSync(), slope: slope.dataSync() };
      dispose([value, slope]);
      return result;
    });
    expectClose(b?.value ?? [], a?.value ?? [], 1e-6);
    expectClose(b?.slope ?? [], a?.slope ?? [], 1e-6);
    expect(memory().numTensors).toBe(before);
  });

  test('equal images have no loss', () => {
    const { loss } = createPerceptualLoss({ vgg: smallVgg(2), layers: ['block1_conv2'], scale: 1 });
    expect(loss(images('one'), images('one')).dataSync()[0]).toBe(0);
  });
});
