type Scalar = string | boolean | number;

/** Other spellings of values, by canonical path; compared in lower case. `null` means: as if the key were not there. */
export const valueSynonyms: Readonly<Record<string, Readonly<Record<string, Scalar | null>>>> = {
  'model.generator.architecture': {
    unet: 'base',
    u_net: 'base',
    'u-net': 'base',
    baseline: 'base',
    enhancedv2: 'enhanced_v2',
    'enhanced-v2': 'enhanced_v2',
    v2: 'enhanced_v2',
  },
  'model.discriminator.architecture': {
    baseline: 'base',
    dual_modal: 'base',
    enhancedv2: 'enhanced_v2',
    'enhanced-v2': 'enhanced_v2',
    v2: 'enhanced_v2',
  },
  'model.discriminator.mode': {
    prediction: 'predicted',
    pred: 'predicted',
    gt: 'ground_truth',
    groundtruth: 'ground_truth',
    'ground-truth': 'ground_truth',
    label: 'ground_truth',
  },
  'training.precision': { float32: 'fp32', single: 'fp32', '32': 'fp32', full: 'fp32', f32: 'fp32', '32-true': 'fp32' },
  'training.gpu_id': { cuda: null, gpu: null, auto: null, cpu: '-1' },
  'optimizer.gradient_clip_norm': { null: 0, false: 0, none: 0 },
  'checkpoints.save_interval': { epoch: 1 },
  resume: { auto: true, latest: true, last: true, never: false, none: false },
  'training.backend': { tf: 'tensorflow', node: 'tensorflow', gpu: 'tensorflow', webassembly: 'wasm', js: 'cpu' },
  'schedule.use_lr_schedule': {
    cosine_decay: true,
    cosine: true,
    cosine_annealing: true,
    none: false,
    constant: false,
    off: false,
    null: false,
  },
  'loss_config.pixel_loss_type': { l1: 'mae', l2: 'mse' },
  'loss_config.discriminator_loss_type': { vanilla: 'bce', standard: 'bce', ls: 'lsgan', mse: 'lsgan' },
  'early_stopping.monitor': {
    val_psnr: 'psnr',
    val_ssim: 'ssim',
    val_cer: 'cer',
    val_wer: 'wer',
    val_score: 'score',
    combined_score: 'score',
    combined: 'score',
  },
  'early_stopping.enabled': { null: false, none: false },
  'early_stopping.mode': { maximize: 'max', minimize: 'min' },
};

const yes = new Set(['true', 'yes', 'on', '1']);
const no = new Set(['false', 'no', 'off', '0']);

/** What the schema expects at a path. */
export type ExpectedKind = 'string' | 'number' | 'boolean' | 'other';

/** Brings a written value to the kind that is expected, where it can only mean one thing; anything else stays as it is. */
export function convertValue(path: string, value: unknown, kind: ExpectedKind): unknown {
  const spelling = typeof value === 'string' ? value.trim().toLowerCase() : JSON.stringify(value);
  const spellings = valueSynonyms[path] ?? {};
  if (Object.hasOwn(spellings, spelling)) return spellings[spelling];
  if (path === 'training.gpu_id') return convertDevice(value);
  if (typeof value === 'string') return convertText(path, value, spelling, kind);
  if (kind === 'string' && typeof value === 'number') return String(value);
  if (kind === 'boolean' && (value === 0 || value === 1)) return value === 1;
  return value;
}

function convertText(path: string, value: string, spelling: string, kind: ExpectedKind): unknown {
  if (kind === 'boolean') return yes.has(spelling) ? true : no.has(spelling) ? false : value;
  if (kind === 'number' && isNumber.test(spelling)) return Number(spelling);
  if (kind === 'number') return path.endsWith('_ms') ? (parseDurationMs(spelling) ?? value) : value;
  if (kind === 'string') return path in valueSynonyms ? spelling : value;
  return path === 'trainer.command' || path === 'trainer.resume_args' ? (splitWords(value) ?? value) : value;
}

const isNumber = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/;

/** `0`, `"0,1"`, `[0, 1]`, `"cuda:1"` and `"/gpu:1"` as CUDA_VISIBLE_DEVICES wants them. */
function convertDevice(value: unknown): unknown {
  const list: readonly unknown[] = Array.isArray(value) ? value : [];
  if (list.length > 0 && list.every((item) => typeof item === 'string' || typeof item === 'number'))
    return list.join(',');
  return typeof value === 'string'
    ? value.trim().replace(/^(cuda|\/?gpu|\/device:gpu):(?=\d+$)/i, '')
    : numberText(value);
}

function numberText(value: unknown): unknown {
  return typeof value === 'number' ? String(value) : value;
}

const unitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, sec: 1000, m: 60_000, min: 60_000, h: 3_600_000 };

/** `30s`, `1.5 min` and `1m30s` in milliseconds. */
function parseDurationMs(text: string): number | undefined {
  if (!/^(\d+(\.\d+)?\s*(ms|s|sec|m|min|h)\s*)+$/.test(text)) return undefined;
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)\s*([a-z]+)/g)];
  return Math.round(parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * (unitsMs[unit ?? ''] ?? 0), 0));
}

/** The words of a command line without quotes or anything else that a shell would act on; otherwise undefined. */
function splitWords(text: string): string[] | undefined {
  const words = text.split(/\s+/).filter((word) => word !== '');
  return words.length > 0 && words.every((word) => /^[\w./:=@%+,-]+$/.test(word)) ? words : undefined;
}
