import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Variable } from '@tensorflow/tfjs-core';
import { type TensorData, writeBundle } from '../../checkpoint/index.js';
import type { Module } from '../nn/index.js';

/** What is told about a recognizer beside its weights. */
export interface ModelCard {
  readonly architecture: 'crnn' | 'transformer';
  /** The command that makes these weights again. */
  readonly command: string;
  readonly seed: number;
  readonly steps: number;
  readonly batch_size: number;
  readonly backend: string;
  /** Size of the lines it was trained on, in pixels. */
  readonly width: number;
  readonly height: number;
  /** Characters it reads, in the order of its classes; the CTC blank is the class after the last. */
  readonly charset: string;
  readonly parameters: number;
  /** Character error rates on lines of digits that were never trained on, as fractions. */
  readonly cer_clean: number;
  readonly cer_degraded: number;
  readonly evaluated_lines: number;
}

/** Writes a recognizer as the TensorFlow checkpoint `<directory>/ckpt-1`, with `card.json` beside it. */
export async function saveRecognizer(module: Module, directory: string, card: ModelCard): Promise<void> {
  mkdirSync(directory, { recursive: true });
  const tensors: [string, TensorData][] = [];
  for (const [path, variable] of module.variables) {
    tensors.push([`${path}/.ATTRIBUTES/VARIABLE_VALUE`, await toTensorData(variable)]);
  }
  writeBundle(join(directory, 'ckpt-1'), tensors);
  writeFileSync(join(directory, 'card.json'), `${JSON.stringify(card, null, 2)}\n`);
}

async function toTensorData(variable: Variable): Promise<TensorData> {
  const values = (await variable.data()) as Float32Array;
  const data = new Uint8Array(values.buffer, values.byteOffset, values.byteLength).slice();
  return { dtype: 'float32', shape: variable.shape, data };
}
