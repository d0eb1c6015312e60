import type { Scalar, Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import { add, concat, dispose, mean, mul, scalar, slice, square, sub, tidy } from '@tensorflow/tfjs-core';
import { withGradient } from '../nn/ops/with-gradient.js';
import { type Vgg, vggBackward, vggForward, vggLayers } from './vgg19.js';

/** Compares images by the features that VGG-19 finds in them. */
export interface PerceptualLoss {
  /** Of images [N, height, width, 1], float32 in [0, 1]; only `restored` has a gradient. */
  readonly loss: (restored: Tensor4D, clean: Tensor4D) => Scalar;
  readonly dispose: () => void;
}

export interface PerceptualOptions {
  readonly vgg: Vgg;
  /** Keras' names of the layers whose features are compared. */
  readonly layers: readonly string[];
  /** Factor on the features. */
  readonly scale: number;
  /** Most bytes of features that are held at a time; a batch that needs more is worked off in parts. */
  readonly mostBytes?: number;
}

/**
 * Perceptual loss (Johnson et al. 2016): the mean squared difference of scaled features, averaged over the layers. The
 * features of one part of the batch at a time are in memory, since each part's gradient is taken along with its value.
 */
export function createPerceptualLoss({
  vgg,
  layers,
  scale,
  mostBytes = 512 * 2 ** 20,
}: PerceptualOptions): PerceptualLoss {
  const isCompared = vgg.convolutions.map((_, index) => layers.includes(vggLayers[index]?.name ?? ''));
  const share = scale ** 2 / layers.length;
  /** Sum over the lines of the loss, and its gradient. */
  const judge = (restored: Tensor4D, clean: Tensor4D): [Scalar, Tensor4D] =>
    tidy(() => {
      const expected = tidy(() => keepCompared(vggForward(vgg, clean).outputs, isCompared));
      const pass = vggForward(vgg, restored);
      const lines = restored.shape[0];
      let total: Scalar = scalar(0);
      const slopes = pass.outputs.map((features, layer) => {
        const target = expected[layer];
        if (target === undefined) return undefined;
        const difference = sub<Tensor4D>(features, target);
        total = add<Scalar>(total, mul(mean(square(difference)), share * lines));
        return mul<Tensor4D>(difference, (2 * share * lines) / features.size);
      });
      return [total, vggBackward(vgg, pass, slopes)];
    });
  return {
    loss: (restored, clean) =>
      withGradient<Scalar>([restored], {
        forward: () => {
          const lines = restored.shape[0];
          const values: Scalar[] = [];
          const slopes: Tensor4D[] = [];
          for (const [first, count] of parts(restored, vgg, mostBytes)) {
            const [ours, theirs] = [restored, clean].map((images) => rows(images, first, count)) as [
              Tensor4D,
              Tensor4D,
            ];
            const [value, slope] = judge(ours, theirs);
            dispose([ours, theirs]);
            values.push(value);
            slopes.push(slope);
          }
          const sum = values.reduce((total, value) => add<Scalar>(total, value));
          return { value: mul<Scalar>(sum, 1 / lines), saved: [mul<Tensor>(concat(slopes, 0), 1 / lines)] };
        },
        backward: (dy, [slope]) => [mul(slope as Tensor, dy)],
      }),
    dispose: () => dispose(vgg.convolutions.flatMap(({ kernel, bias }): Tensor[] => [kernel, bias])),
  };
}

/** First line and number of lines of each part of a batch. */
function parts(images: Tensor4D, vgg: Vgg, mostBytes: number): [number, number][] {
  const [lines, height, width] = images.shape;
  const most = Math.max(1, Math.floor(mostBytes / featureBytes(vgg, height, width)));
  const count = Math.ceil(lines / Math.ceil(lines / most));
  return Array.from({ length: Math.ceil(lines / count) }, (_, part) => [
    part * count,
    Math.min(count, lines - part * count),
  ]);
}

/** Bytes of one line's features on the way there and, in passing, on the way back. */
function featureBytes({ convolutions }: Vgg, height: number, width: number): number {
  let [pixels, bytes, widest] = [height * width, 0, 0];
  for (const [index] of convolutions.entries()) {
    const { channels = 0, isPooled = false } = vggLayers[index] ?? {};
    if (isPooled) pixels /= 4;
    bytes += 4 * pixels * channels;
    widest = Math.max(widest, 4 * pixels * channels);
  }
  return 2 * bytes + 3 * widest;
}

function keepCompared(features: readonly Tensor4D[], isCompared: readonly boolean[]): (Tensor4D | undefined)[] {
  return features.map((tensor, layer) => (isCompared[layer] ? tensor : undefined));
}

function rows(images: Tensor4D, first: number, count: number): Tensor4D {
  const [, height, width, channels] = images.shape;
  return slice(images, [first, 0, 0, 0], [count, height, width, channels]);
}
