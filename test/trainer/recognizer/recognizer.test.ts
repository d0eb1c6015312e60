import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Tensor3D, Tensor4D } from '@tensorflow/tfjs-core';
import { add, tensor1d } from '@tensorflow/tfjs-core';
import { describe, expect, test } from 'vitest';
import { openBundle } from '../../../src/checkpoint/index.js';
import { experimentSchema } from '../../../src/config/schema.js';
import { type LineSpec, loadCharset } from '../../../src/trainer/data/index.js';
import { openRecognizer } from '../../../src/trainer/loop/open-recognizer.js';
import { createCrnn } from '../../../src/trainer/models/index.js';
import { countParameters } from '../../../src/trainer/nn/index.js';
import { digitLines, evaluateRecognizer, trainRecognizer } from '../../../src/trainer/recognizer/index.js';
import { trainingLines, unseenLines } from '../../../src/trainer/recognizer/training-lines.js';
import { randomTensor, useBackend } from '../numeric.js';
import { temporaryFolder } from '../support.js';

const spec: LineSpec = { seed: 1, width: 64, height: 16, digitsMin: 2, digitsMax: 3 };

describe('lines to train on', () => {
  test('depend on seed and step only, and never come twice', () => {
    expect(trainingLines(spec, 3, 4)).toEqual(trainingLines(spec, 3, 4));
    const seen = new Set<string>();
    for (let step = 0; step < 4; step++) {
      const { pixels, labels } = trainingLines(spec, step, 4);
      expect(labels.length).toBe(4);
      for (let line = 0; line < 4; line++) seen.add(pixels.slice(line * 1024, (line + 1) * 1024).join());
    }
    expect(seen.size).toBe(16);
  });

  test('are made one by one: larger batches hold the same lines', () => {
    const [first, second] = [trainingLines(spec, 0, 2), trainingLines(spec, 1, 2)];
    const both = trainingLines(spec, 0, 4);
    expect([...both.pixels]).toEqual([...first.pixels, ...second.pixels]);
    expect(both.labels).toEqual([...first.labels, ...second.labels]);
  });

  test('are clean in about half of the cases, and images all the same when not', () => {
    const blemished = trainingLines(spec, 0, 64);
    const paper = (line: number) => Math.max(...blemished.pixels.subarray(line * 1024, (line + 1) * 1024));
    for (const value of blemished.pixels) expect(value >= 0 && value <= 1).toBe(true);
    const clean = Array.from({ length: 64 }, (_, line) => paper(line)).filter((brightest) => brightest === 1).length;
    expect(clean).toBeGreaterThan(16);
  });

  test('lines to judge by are others, clean or degraded, with the same text', () => {
    const [clean, degraded] = [unseenLines(spec, 5, 3, 'clean'), unseenLines(spec, 5, 3, 'degraded')];
    expect(clean.labels).toEqual(degraded.labels);
    expect(clean.pixels).not.toEqual(degraded.pixels);
    expect(unseenLines(spec, 6, 1, 'clean').pixels).toEqual(clean.pixels.slice(1024, 2048));
  });
});

describe('training the recognizer', () => {
  const train = (out: string, log: string[] = []) =>
    trainRecognizer({
      ...{ out, seed: 3, steps: 2, batchSize: 2, backend: 'wasm', evaluatedLines: 3 },
      log: (line) => log.push(line),
    });

  test('the same options give the same bytes, a card that says how, and error rates measured on the lines', async () => {
    const [folder, log] = [temporaryFolder(), [] as string[]];
    const card = await train(join(folder, 'a'), log);
    await train(join(folder, 'b'));
    expect(readdirSync(join(folder, 'a')).toSorted()).toEqual([
      'card.json',
      'ckpt-1.data-00000-of-00001',
      'ckpt-1.index',
    ]);
    for (const file of ['ckpt-1.data-00000-of-00001', 'ckpt-1.index']) {
      expect(readFileSync(join(folder, 'a', file)).equals(readFileSync(join(folder, 'b', file)))).toBe(true);
    }
    expect(JSON.parse(readFileSync(join(folder, 'a', 'card.json'), 'utf8'))).toEqual(card);
    expect(card).toMatchObject({ architecture: 'crnn', seed: 3, steps: 2, batch_size: 2, backend: 'wasm' });
    expect(card.command).toContain('--seed 3 --steps 2 --batch_size 2');
    expect(card).toMatchObject({ charset: '0123456789', width: 128, height: 32, evaluated_lines: 3 });
    expect(card.cer_clean).toBeGreaterThan(0);
    expect(log[0]).toMatch(/^Backend: wasm/);
    expect(log.at(-1)).toContain('CER on unseen digits');
  });

  test("an experiment's data instead of digits: its charset, its size, its validation lines, over several epochs", async () => {
    const folder = temporaryFolder();
    const charset = join(folder, 'charset.txt');
    writeFileSync(charset, [...'0123456789ab'].map((character) => `${character}\n`).join(''));
    const data = {
      ...{ train_samples: 3, val_samples: 2, image_width: 64, image_height: 16, digits_min: 2, digits_max: 3 },
      ...{ charset_path: charset, dir: join(folder, 'data'), worker_thread: false },
    };
    const config = experimentSchema.parse({ experiment_name: 'read', epochs: 1, data });
    const log: string[] = [];
    const card = await trainRecognizer({
      ...{ out: join(folder, 'out'), seed: 3, steps: 5, batchSize: 2, backend: 'wasm' },
      experiment: { path: 'read.json', config },
      log: (line) => log.push(line),
    });
    expect(card).toMatchObject({ charset: '0123456789ab', width: 64, height: 16, evaluated_lines: 2 });
    expect(card.command).toContain('--config read.json');
    expect(log.at(-1)).toContain('CER on validation lines');
    const crnn = createCrnn({ height: 16, classes: 13, seed: 3 });
    expect(card.parameters).toBe(countParameters(crnn));
  });

  test("an experiment's transformer, which the experiment then reads with; its dropout counts", async () => {
    const folder = temporaryFolder();
    const train = async (name: string, dropout: number) => {
      const data = {
        ...{ train_samples: 4, val_samples: 2, image_width: 64, image_height: 16, digits_min: 1, digits_max: 2 },
        ...{ dir: join(folder, 'data'), worker_thread: false },
      };
      const sizes = { filters: 1, dimension: 4, heads: 2, feed_forward: 4, layers: 1, dropout };
      const recognizer = { architecture: 'transformer', ...sizes, weights: join(folder, name, 'ckpt-1') };
      const config = experimentSchema.parse({ experiment_name: 'read', epochs: 1, data, model: { recognizer } });
      const options = { out: join(folder, name), seed: 3, steps: 3, batchSize: 2, backend: 'wasm' } as const;
      const card = await trainRecognizer({
        ...options,
        experiment: { path: 'read.json', config },
        log: () => undefined,
      });
      return {
        card,
        config: config.model.recognizer,
        bytes: readFileSync(join(folder, name, 'ckpt-1.data-00000-of-00001')),
      };
    };
    const [one, other] = [await train('a', 0.5), await train('b', 0)];
    expect(one.card).toMatchObject({ architecture: 'transformer', charset: '0123456789', evaluated_lines: 2 });
    expect(one.bytes.equals(other.bytes)).toBe(false);
    const lines = { height: 16, width: 64, seed: 9, log: () => undefined };
    const opened = openRecognizer({ config: one.config, charset: loadCharset(undefined), ...lines });
    const images = randomTensor<Tensor4D>([1, 16, 64, 1], 'line');
    expect(opened.logits(opened.features(images)).shape).toEqual([1, 8, 11]);
    const otherSize = { ...one.config, dimension: 6 };
    expect(() => openRecognizer({ config: otherSize, charset: loadCharset(undefined), ...lines })).toThrow(
      /is float32/,
    );
  });

  test('saves every variable of the network under its path', async () => {
    const folder = temporaryFolder();
    const { parameters } = await train(folder);
    const crnn = createCrnn({ height: 32, classes: 11, seed: 3 });
    expect(parameters).toBe(countParameters(crnn));
    const bundle = openBundle(join(folder, 'ckpt-1'));
    for (const [path, { shape, size }] of crnn.variables) {
      const saved = bundle.read(`${path}/.ATTRIBUTES/VARIABLE_VALUE`);
      expect(saved.shape).toEqual(shape);
      expect((saved.data as Uint8Array).byteLength).toBe(4 * size);
    }
    bundle.close();
  });
});

describe('evaluating a recognizer', () => {
  useBackend('wasm');

  test('counts over batches of any size, and one that reads nothing misses everything', async () => {
    const frozen = createCrnn({ height: 16, classes: 11, seed: 1 }).freeze();
    expect(await evaluateRecognizer(frozen, digitLines(spec), 3, 'clean')).toBeGreaterThan(0.5);
    const isBlank = tensor1d(Array.from({ length: 11 }, (_, label) => (label === 10 ? 1e3 : 0)));
    const silent = { ...frozen, logits: (features: Tensor4D) => add<Tensor3D>(frozen.logits(features), isBlank) };
    expect(await evaluateRecognizer(silent, digitLines(spec), 35, 'degraded')).toBe(1);
  });
});
