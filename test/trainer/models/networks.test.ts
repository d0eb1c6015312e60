import type { Tensor4D } from '@tensorflow/tfjs-core';
import { memory, slice, tensor3d, tensor4d, tidy } from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { experimentSchema } from '../../../src/config/schema.js';
import { createCrnn, createDiscriminator, createGenerator, restore } from '../../../src/trainer/models/index.js';
import { decodeLines, toTextTensor } from '../../../src/trainer/models/text.js';
import { countParameters, disposeModule, inference } from '../../../src/trainer/nn/index.js';
import { expectClose, randomValues, useBackend } from '../numeric.js';
import { changedPaths, size, smallExperiment, snapshot } from './support.js';

const { generator: generatorConfig, discriminator: discriminatorConfig } = smallExperiment().model;
const training = { training: true, seed: 5, step: 0 };
const images = (batch: number, height: number = size.height, width: number = size.width): Tensor4D =>
  tensor4d(
    randomValues(batch * height * width, 'images').map((value) => (value + 1) / 2),
    [batch, height, width, 1],
  );
const lines = [Int32Array.of(3, 1, 4), Int32Array.of(1, 5)];

describe('the U-Net', () => {
  useBackend('wasm');
  const create = (seed = size.seed) => createGenerator(generatorConfig, { ...size, seed });

  test('names its variables by level and part', () => {
    const block = (name: string, parts: string[]) =>
      ['conv0', 'shortcut']
        .flatMap((conv) => parts.map((part) => `${name}/${conv}${part}/kernel`))
        .concat(`${name}/conv1/kernel`)
        .concat(
          ['norm0', 'norm1'].flatMap((norm) =>
            ['gamma', 'beta', 'moving_mean', 'moving_variance'].map((value) => `${name}/${norm}/${value}`),
          ),
        );
    const expected = [
      ...[0, 1, 2].flatMap((level) => block(`enc${level}`, [''])),
      ...[0, 1].flatMap((level) => [...block(`dec${level}`, ['/part0', '/part1']), `dec${level}/up/kernel`]),
      'head/kernel',
      'head/bias',
    ].map((name) => `generator/${name}`);
    expect([...create().variables.keys()].toSorted()).toEqual(expected.toSorted());
  });

  test('has as many parameters as its levels add up to', () => {
    // A block from a to b channels: 9ab + 9bb + ab of kernels and 4b of norms
    const block = (a: number, b: number) => 10 * a * b + 9 * b * b + 4 * b;
    const encoder = block(1, 4) + block(4, 8) + block(8, 16);
    const decoder = block(16, 8) + 16 * 8 + block(8, 4) + 8 * 4;
    expect(countParameters(create())).toBe(encoder + decoder + 4 + 1);
    const { model } = experimentSchema.parse({ experiment_name: 'default', epochs: 1 });
    expect([model.generator.filters, model.generator.depth]).toEqual([64, undefined]);
  });

  test('restores images of the same size, with values from 0 to 1', () => {
    const restored = create().apply(images(3), training);
    expect(restored.shape).toEqual([3, 16, 16, 1]);
    for (const value of restored.dataSync()) expect(value > 0 && value < 1).toBe(true);
  });

  test('depends on its seed only', () => {
    expect(changedPaths(snapshot(create().variables), snapshot(create().variables))).toEqual([]);
    const kernels = changedPaths(snapshot(create().variables), snapshot(create(6).variables));
    expect(kernels).toEqual([...create().variables.keys()].filter((path) => path.endsWith('kernel')));
  });

  test('before it has learned anything it passes its input on, with more contrast', () => {
    const generator = create();
    const degraded = images(1);
    const restored = restore(generator, degraded).dataSync();
    const order = (values: ArrayLike<number>) => Array.from(values, (value) => value > 0.5);
    const same = order(restored).filter((isLight, i) => isLight === order(degraded.dataSync())[i]);
    expect(same.length / restored.length).toBeGreaterThan(0.85);
  });

  test('moves its running statistics in training only, and leaves no tensors', () => {
    const generator = create();
    const degraded = images(2);
    const [before, tensors] = [snapshot(generator.variables), memory().numTensors];
    restore(generator, degraded).dispose();
    expect(changedPaths(before, snapshot(generator.variables))).toEqual([]);
    tidy(() => generator.apply(degraded, training).size);
    const changed = changedPaths(before, snapshot(generator.variables));
    expect(changed).toEqual([...generator.variables.keys()].filter((path) => path.includes('/moving_')));
    expect(memory().numTensors).toBe(tensors);
    disposeModule(generator);
    expect(memory().numTensors).toBe(tensors - before.size);
  });

  test('images that cannot be halved often enough are refused by name', () => {
    expect(() => createGenerator(generatorConfig, { ...size, height: 18 })).toThrow('multiples of 4');
  });
});

describe('the discriminator', () => {
  useBackend('wasm');
  const create = () => createDiscriminator(discriminatorConfig, { ...size, characters: 10 });
  const judge = (pass = inference, text = lines, batch = images(2)) =>
    tidy(() => create().apply(batch, toTextTensor(text, 3), pass).dataSync().slice());

  test('has the parameters of its branches', () => {
    const image = 16 * 4 + 4 + 16 * 4 * 8 + 8 + 4 * 4 * 8 * 5 + 5;
    const text = 11 * 3 + 3 * 20 + 5 * 20 + 20;
    const head = 10 * 5 + 5 + 5 + 1;
    const discriminator = create();
    expect(countParameters(discriminator)).toBe(image + text + head);
    expect([...discriminator.variables.keys()]).toEqual(
      [
        'image/conv0/kernel',
        'image/conv0/bias',
        'image/conv1/kernel',
        'image/conv1/bias',
        'image/dense/kernel',
        'image/dense/bias',
        'text/embedding/embeddings',
        'text/lstm/kernel',
        'text/lstm/recurrent_kernel',
        'text/lstm/bias',
        'join/kernel',
        'join/bias',
        'logit/kernel',
        'logit/bias',
      ].map((name) => `discriminator/${name}`),
    );
  });

  test('gives one logit for each pair, which image and text both decide', () => {
    const verdicts = judge();
    expect(verdicts.length).toBe(2);
    expect(judge()).toEqual(verdicts);
    const [otherText, otherImage] = [
      judge(inference, lines.toReversed()),
      judge(inference, lines, slice(images(3), [1, 0, 0, 0], [2, -1, -1, -1])),
    ];
    for (const line of [0, 1]) {
      expect(otherText[line]).not.toBe(verdicts[line]);
      expect(otherImage[line]).not.toBe(verdicts[line]);
    }
  });

  test('drops in training by seed and step', () => {
    expect(judge(training)).toEqual(judge(training));
    expect(judge(training)).not.toEqual(judge({ ...training, step: 1 }));
    expect(judge(training)).not.toEqual(judge());
  });

  test('takes sizes that do not divide by its strides, and a text of one character', () => {
    const odd = { height: 15, width: 18, seed: 1 };
    const discriminator = createDiscriminator(discriminatorConfig, { ...odd, characters: 10 });
    const text = toTextTensor([Int32Array.of(1)], 1);
    expect(discriminator.apply(images(1, 15, 18), text, training).shape).toEqual([1, 1]);
  });
});

describe('the CRNN', () => {
  useBackend('wasm');
  const create = () => createCrnn({ height: 16, classes: 11, seed: 5 });

  test('reads a feature map of an eighth and a quarter of the size, and a step for each column', () => {
    const crnn = create();
    const features = crnn.features(images(2, 16, 40), training);
    expect(features.shape).toEqual([2, 2, 10, 64]);
    expect(crnn.logits(features).shape).toEqual([2, 10, 11]);
  });

  test('has the parameters of its stages', () => {
    const stages = 9 * (1 * 16 + 16 * 32 + 32 * 48 + 48 * 64) + 2 * (16 + 32 + 48 + 64);
    const lstm = 4 * 48 * (64 + 48 + 1);
    expect(countParameters(create())).toBe(stages + 2 * 64 * 64 + 64 + 2 * lstm + 96 * 11 + 11);
  });

  test('frozen it reads the same as in inference, and later training does not reach it', () => {
    const crnn = create();
    const batch = images(2, 16, 40);
    tidy(() => crnn.features(batch, training).size);
    const frozen = crnn.freeze();
    const read = () => tidy(() => frozen.logits(frozen.features(batch)).dataSync().slice());
    expectClose(read(), crnn.logits(crnn.features(batch, inference)).dataSync(), 1e-4);
    const features = () => tidy(() => frozen.features(batch).dataSync().slice());
    const before = features();
    tidy(() => crnn.features(batch, training).size);
    expect(features()).toEqual(before);
  });

  test('disposing the frozen one frees everything', () => {
    const before = memory().numTensors;
    create().freeze().dispose();
    expect(memory().numTensors).toBe(before);
  });
});

describe('text', () => {
  useBackend('cpu');

  test('is padded in front with 0 and counts from 1; what is too long loses its end', () => {
    const text = toTextTensor([...lines, Int32Array.of(), Int32Array.of(9, 8, 7, 6)], 3);
    expect(text.dtype).toBe('int32');
    const rows = [
      [4, 2, 5],
      [0, 2, 6],
      [0, 0, 0],
      [10, 9, 8],
    ];
    expect([...text.dataSync()]).toEqual(rows.flat());
  });

  test('is what the likeliest path spells', () => {
    const path = [0, 0, 2, 0, 1, 1];
    const logits = path.flatMap((best) => [0, 1, 2].map((label) => (label === best ? 1 : 0)));
    expect(decodeLines(tensor3d(logits, [1, 6, 3]))).toEqual([Int32Array.of(0, 0, 1)]);
  });
});
