import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { memory, tensor4d, tidy } from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Experiment, experimentSchema } from '../../../src/config/schema.js';
import { openRecognizer } from '../../../src/trainer/loop/open-recognizer.js';
import { findTensorFlow, runTensorFlow } from '../../oracle/tensorflow.js';
import { expectClose, useBackend } from '../numeric.js';

const fixtures = fileURLToPath(new URL('../../fixtures/keras/', import.meta.url));
const size = { height: 16, width: 32, seed: 1 };
const charset = { size: 4, charOf: () => '', indexOf: () => 0 };

/** What Keras computes: logits of a line by the name of the model. */
type Answer = Readonly<Record<string, number[]>>;

function open(recognizer: Partial<Experiment['model']['recognizer']>, lines = size) {
  const log: string[] = [];
  const { model } = experimentSchema.parse({ experiment_name: 'test', epochs: 1, model: { recognizer } });
  const options = {
    config: model.recognizer,
    charset: charset as never,
    ...lines,
    log: (line: string) => log.push(line),
  };
  return { recognizer: openRecognizer(options), log };
}

function readLine(weights: string, image: number[], options: Partial<Experiment['model']['recognizer']> = {}) {
  const { recognizer, log } = open({ weights, blank: 'last', ...options });
  const logits = tidy(() => {
    const lines = tensor4d(Float32Array.from(image), [1, size.height, size.width, 1]);
    return recognizer.logits(recognizer.features(lines)).dataSync().slice();
  });
  recognizer.dispose();
  return { logits, log: log.join('\n') };
}

describe('a transformer that Keras has saved', () => {
  useBackend('wasm');
  let folder = '';
  let stored = '';
  const answer: Answer = JSON.parse(readFileSync(join(fixtures, 'answer.json'), 'utf8'));

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'supervise-keras-'));
    stored = join(folder, 'stored.weights.h5');
    writeFileSync(stored, gunzipSync(readFileSync(join(fixtures, 'places.weights.h5.gz'))));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test('reads a line as it does there; without an architecture in the configuration, and in spite of another', () => {
    const image = answer['image'] ?? [];
    const { logits, log } = readLine(stored, image);
    expectClose(logits, answer['places'] ?? [], 1e-4);
    expect(log).toContain('its blank is the last class');
    const warned = readLine(stored, image, { architecture: 'crnn' });
    expect(warned.logits).toEqual(logits);
    expect(warned.log).toContain('holds a transformer');
  });

  test('has its blank moved to the end, since it is the first class there by default', () => {
    const image = answer['image'] ?? [];
    const { logits } = readLine(stored, image, { blank: undefined as never });
    const moved = (answer['places'] ?? []).map((_, at, all) => all[at - (at % 5) + ((at + 1) % 5)] as number);
    expectClose(logits, moved, 1e-4);
  });

  test('takes other grey values where the configuration says so', () => {
    const image = answer['image'] ?? [];
    const halved = image.map((value) => (value + 1) / 2);
    expectClose(readLine(stored, halved, { input_range: '-1..1' }).logits, answer['places'] ?? [], 1e-4);
  });

  test('is refused for other lines or another charset, and frees everything', () => {
    const tensors = memory().numTensors;
    expect(() => open({ weights: stored }, { ...size, height: 32 })).toThrow(/32 pixels high: 32.*expected.*64/is);
    expect(() => open({ weights: stored }, { ...size, width: 64 })).toThrow(/at most 32 pixels/);
    open({ weights: stored }).recognizer.dispose();
    expect(memory().numTensors).toBe(tensors);
  });

  test('cannot be had without weights, with too few of them, or with heads that do not fit', () => {
    expect(() => open({ architecture: 'transformer' })).toThrow(/no weights of a transformer/);
    expect(() => open({ weights: join(folder, 'nowhere.h5') })).toThrow(/no such weights/);
    expect(() => open({ architecture: 'transformer', use_pretrained: false, dimension: 10, heads: 3 })).toThrow(
      /3 heads cannot share 10 channels/,
    );
  });

  const python = findTensorFlow() ?? '';
  test.skipIf(python === '')('in each format that it saves, the logits are those of Keras', () => {
    runTensorFlow(python, 'keras_recognizer.py', folder);
    const fresh: Answer = JSON.parse(readFileSync(join(folder, 'answer.json'), 'utf8'));
    const image = fresh['image'] ?? [];
    for (const name of ['places.weights.h5', 'places.h5', 'places'])
      expectClose(readLine(join(folder, name), image).logits, fresh['places'] ?? [], 1e-4, name);
    const without = readLine(join(folder, 'no-places.weights.h5'), image);
    expectClose(without.logits, fresh['no-places'] ?? [], 1e-4);
    expect(without.log).toContain('no places');
  });
});
