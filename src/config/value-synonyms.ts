/** Other spellings of values, by canonical path; compared in lower case. */
export const valueSynonyms: Readonly<Record<string, Readonly<Record<string, string | boolean | number>>>> = {
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
  'training.precision': { float32: 'fp32', single: 'fp32', '32': 'fp32', full: 'fp32', f32: 'fp32' },
  'training.backend': { tf: 'tensorflow', node: 'tensorflow', gpu: 'tensorflow', webassembly: 'wasm', js: 'cpu' },
  'schedule.use_lr_schedule': {
    cosine_decay: true,
    cosine: true,
    cosine_annealing: true,
    none: false,
    constant: false,
    off: false,
  },
  'loss_config.pixel_loss_type': { l1: 'mae' },
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
  'early_stopping.mode': { maximize: 'max', minimize: 'min' },
};

const yes = new Set(['true', 'yes', 'on', '1']);
const no = new Set(['false', 'no', 'off', '0']);

/** What the schema expects at a path. */
export type ExpectedKind = 'string' | 'number' | 'boolean' | 'other';

/** Brings a written value to the kind that is expected, where it can only mean one thing; anything else stays as it is. */
export function convertValue(path: string, value: unknown, kind: ExpectedKind): unknown {
  const spelling = typeof value === 'string' ? value.trim().toLowerCase() : undefined;
  const known = valueSynonyms[path]?.[spelling ?? String(value)];
  if (known !== undefined) return known;
  if (spelling !== undefined && kind === 'boolean') return yes.has(spelling) ? true : no.has(spelling) ? false : value;
  if (spelling !== undefined && kind === 'number')
    return spelling !== '' && Number.isFinite(Number(spelling)) ? Number(spelling) : value;
  if (kind === 'string' && path in valueSynonyms) return spelling ?? value;
  if (kind === 'string' && typeof value === 'number') return String(value);
  if (kind === 'string' && path === 'training.gpu_id' && Array.isArray(value)) return value.join(',');
  if (kind === 'boolean' && (value === 0 || value === 1)) return value === 1;
  return value;
}
