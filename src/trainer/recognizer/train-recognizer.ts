import { join } from 'node:path';
import { dispose, tensor4d } from '@tensorflow/tfjs-core';
import type { Experiment } from '../../config/schema.js';
import { selectBackend } from '../backends/select-backend.js';
import { ctcLoss } from '../losses/index.js';
import { createCrnn, createRecognizer, type FrozenRecognizer, type Recognizer } from '../models/index.js';
import { differentiate } from '../nn/gradients.js';
import { clipScale, countParameters, createAdam, globalNorm, type Optimizer } from '../nn/index.js';
import { evaluateRecognizer } from './evaluate-recognizer.js';
import { digitLines, experimentLines, type RecognizerLines } from './recognizer-lines.js';
import { type ModelCard, saveRecognizer } from './save-recognizer.js';

/** What `supervise-train recognizer` is asked to do. */
export interface RecognizerTraining {
  /** Folder for the weights and their card. */
  readonly out: string;
  readonly seed?: number;
  readonly steps?: number;
  readonly batchSize?: number;
  readonly backend?: Experiment['training']['backend'];
  /** Most unseen lines that the error rates are measured on. */
  readonly evaluatedLines?: number;
  /** An experiment whose data is read instead of digits being made, and how the command line named it. */
  readonly experiment?: { readonly path: string; readonly config: Experiment };
  /** Takes one line of text for the user. */
  readonly log: (line: string) => void;
}

const digitSize = { width: 128, height: 32, digitsMin: 4, digitsMax: 8 };
/** Highest learning rate, and the share of the steps in which it rises to it: a transformer goes astray without. */
const rates = { crnn: { peak: 0.003, warmUp: 0 }, transformer: { peak: 0.0005, warmUp: 0.1 } } as const;
const clipNorm = 5;
const reportInterval = 100;

/**
 * Trains a CRNN on lines of handwritten digits (that is the one that ships in models/), or the recognizer of an experiment on
 * its data, measures it on unseen lines, and saves it with a card that tells the command, the seed and the error rates. The same options give the same
 * weights on the same backend.
 */
export async function trainRecognizer(options: RecognizerTraining): Promise<ModelCard> {
  const { out, seed = 42, steps = 3000, batchSize = 16, evaluatedLines = 1024, experiment, log } = options;
  const backend = await selectBackend(options.backend ?? 'auto');
  log(`Backend: ${backend.name} on ${backend.device}: ${backend.reason}`);
  const lines =
    experiment === undefined
      ? digitLines({ seed, ...digitSize })
      : await experimentLines(experiment.config, experiment.config.data.dir ?? join(out, 'data'), seed);
  const { width, height, charset } = lines;
  const size = { width, height, classes: charset.size + 1, seed };
  const { architecture = 'crnn' } = experiment?.config.model.recognizer ?? {};
  const recognizer =
    experiment === undefined ? createCrnn(size) : createRecognizer(experiment.config.model.recognizer, size);
  await runSteps(recognizer, lines, { seed, steps, batchSize, log, ...rates[architecture] });
  const frozen = recognizer.freeze();
  const errorRates = await measure(frozen, lines, Math.min(evaluatedLines, lines.unseenCount));
  const card: ModelCard = {
    architecture,
    command: `supervise-train recognizer --out ${out}${experiment === undefined ? '' : ` --config ${experiment.path}`} --seed ${seed} --steps ${steps} --batch_size ${batchSize}`,
    ...{ seed, steps, batch_size: batchSize, backend: backend.name },
    ...{ width, height, charset: charset.characters.join(''), parameters: countParameters(recognizer) },
    ...errorRates,
  };
  await saveRecognizer(recognizer, out, card);
  frozen.dispose();
  await lines.close();
  log(
    `Saved ${out}: CER on ${experiment === undefined ? 'unseen digits' : 'validation lines'} ${percent(card.cer_clean)} clean, ${percent(card.cer_degraded)} degraded.`,
  );
  return card;
}

interface Schedule extends Required<Pick<RecognizerTraining, 'seed' | 'steps' | 'batchSize' | 'log'>> {
  readonly peak: number;
  readonly warmUp: number;
}

async function runSteps(
  recognizer: Recognizer,
  lines: RecognizerLines,
  { seed, steps, batchSize, log, peak, warmUp }: Schedule,
): Promise<void> {
  const optimizer = createAdam('optimizer', recognizer, { beta1: 0.9, beta2: 0.999 });
  const startedAtMs = performance.now();
  let sum = 0;
  for (let step = 0; step < steps; step++) {
    const rise = Math.min(1, (step + 1) / Math.max(1, warmUp * steps));
    const learningRate = rise * peak * 0.5 * (1 + Math.cos((Math.PI * step) / steps));
    sum += await takeStep(recognizer, optimizer, lines, { seed, step, batchSize, learningRate });
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

async function takeStep(
  recognizer: Recognizer,
  optimizer: Optimizer,
  lines: RecognizerLines,
  now: Step,
): Promise<number> {
  const { pixels, labels } = await lines.nextBatch(now.step, now.batchSize);
  const images = tensor4d(pixels, [now.batchSize, lines.height, lines.width, 1]);
  const pass = { training: true, seed: now.seed, step: now.step };
  const { loss, gradients } = differentiate(recognizer, () => ({
    loss: ctcLoss(recognizer.logits(recognizer.features(images, pass), pass), labels),
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

async function measure(recognizer: FrozenRecognizer, lines: RecognizerLines, count: number) {
  return {
    cer_clean: await evaluateRecognizer(recognizer, lines, count, 'clean'),
    cer_degraded: await evaluateRecognizer(recognizer, lines, count, 'degraded'),
    evaluated_lines: count,
  };
}

function percent(fraction: number): string {
  return `${(100 * fraction).toFixed(2)} %`;
}
