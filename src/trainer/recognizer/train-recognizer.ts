import { dispose, tensor4d } from '@tensorflow/tfjs-core';
import type { Experiment } from '../../config/schema.js';
import { selectBackend } from '../backends/select-backend.js';
import type { LineSpec } from '../data/index.js';
import { ctcLoss } from '../losses/index.js';
import { createCrnn, type FrozenRecognizer, type Recognizer } from '../models/index.js';
import { differentiate } from '../nn/gradients.js';
import { clipScale, countParameters, createAdam, globalNorm, type Optimizer } from '../nn/index.js';
import { evaluateRecognizer } from './evaluate-recognizer.js';
import { type ModelCard, saveRecognizer } from './save-recognizer.js';
import { trainingLines } from './training-lines.js';

/** What `supervise-train recognizer` is asked to do. */
export interface RecognizerTraining {
  /** Folder for the weights and their card. */
  readonly out: string;
  readonly seed?: number;
  readonly steps?: number;
  readonly batchSize?: number;
  readonly backend?: Experiment['training']['backend'];
  /** Lines of unseen digits that the error rates are measured on. */
  readonly evaluatedLines?: number;
  /** Takes one line of text for the user. */
  readonly log: (line: string) => void;
}

const digits = '0123456789';
const linesOf = (seed: number): LineSpec => ({ seed, width: 128, height: 32, digitsMin: 4, digitsMax: 8 });
const peakLearningRate = 0.003;
const clipNorm = 5;
const reportInterval = 100;

/**
 * Trains the CRNN that ships in models/ on lines of handwritten digits, measures it on unseen digits, and saves it with a card
 * that tells the command, the seed and the error rates. The same options give the same weights on the same backend.
 */
export async function trainRecognizer(options: RecognizerTraining): Promise<ModelCard> {
  const { out, seed = 42, steps = 3000, batchSize = 16, evaluatedLines = 1024, log } = options;
  const backend = await selectBackend(options.backend ?? 'auto');
  log(`Backend: ${backend.name} on ${backend.device}: ${backend.reason}`);
  const spec = linesOf(seed);
  const recognizer = createCrnn({ height: spec.height, classes: digits.length + 1, seed });
  await runSteps(recognizer, spec, { seed, steps, batchSize, log });
  const frozen = recognizer.freeze();
  const errorRates = await measure(frozen, spec, evaluatedLines);
  const card: ModelCard = {
    architecture: 'crnn',
    command: `supervise-train recognizer --out ${out} --seed ${seed} --steps ${steps} --batch_size ${batchSize}`,
    ...{ seed, steps, batch_size: batchSize, backend: backend.name },
    ...{ width: spec.width, height: spec.height, charset: digits, parameters: countParameters(recognizer) },
    ...errorRates,
  };
  await saveRecognizer(recognizer, out, card);
  frozen.dispose();
  log(`Saved ${out}: CER on unseen digits ${percent(card.cer_clean)} clean, ${percent(card.cer_degraded)} degraded.`);
  return card;
}

type Schedule = Required<Pick<RecognizerTraining, 'seed' | 'steps' | 'batchSize' | 'log'>>;

async function runSteps(
  recognizer: Recognizer,
  spec: LineSpec,
  { seed, steps, batchSize, log }: Schedule,
): Promise<void> {
  const optimizer = createAdam('optimizer', recognizer, { beta1: 0.9, beta2: 0.999 });
  const startedAtMs = performance.now();
  let sum = 0;
  for (let step = 0; step < steps; step++) {
    const learningRate = peakLearningRate * 0.5 * (1 + Math.cos((Math.PI * step) / steps));
    sum += await takeStep(recognizer, optimizer, spec, { seed, step, batchSize, learningRate });
    if ((step + 1) % reportInterval > 0) continue;
    const stepMs = (performance.now() - startedAtMs) / (step + 1);
    log(`Step ${step + 1}/${steps}: CTC loss ${(sum / reportInterval).toFixed(3)}, ${stepMs.toFixed(0)} ms a step`);
    sum = 0;
  }
  optimizer.dispose();
}

interface Step {
  readonly seed: number;
  readonly step: number;
  readonly batchSize: number;
  readonly learningRate: number;
}

async function takeStep(recognizer: Recognizer, optimizer: Optimizer, spec: LineSpec, now: Step): Promise<number> {
  const { pixels, labels } = trainingLines(spec, now.step, now.batchSize);
  const images = tensor4d(pixels, [now.batchSize, spec.height, spec.width, 1]);
  const pass = { training: true, seed: now.seed, step: now.step };
  const { loss, gradients } = differentiate(recognizer, () => ({
    loss: ctcLoss(recognizer.logits(recognizer.features(images, pass)), labels),
    extra: undefined,
  }));
  const norm = globalNorm(gradients);
  const scale = clipScale(norm, clipNorm);
  optimizer.apply(gradients, now.learningRate, scale);
  const value = await loss.data();
  dispose([images, loss, norm, ...gradients.values()]);
  scale?.dispose();
  return value[0] as number;
}

async function measure(recognizer: FrozenRecognizer, spec: LineSpec, count: number) {
  return {
    cer_clean: await evaluateRecognizer(recognizer, spec, count, 'clean'),
    cer_degraded: await evaluateRecognizer(recognizer, spec, count, 'degraded'),
    evaluated_lines: count,
  };
}

function percent(fraction: number): string {
  return `${(100 * fraction).toFixed(2)} %`;
}
