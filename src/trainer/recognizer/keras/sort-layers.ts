import type { KerasLayer, KerasWeight } from './keras-layers.js';

/** A kernel and, where there is one, its bias. */
export interface KernelAndBias {
  readonly kernel: KerasWeight;
  readonly bias: KerasWeight | undefined;
}

/** Weights of a normalisation; the statistics are a batch norm's. */
export interface Normalization {
  readonly gamma: KerasWeight;
  readonly beta: KerasWeight;
  readonly mean?: KerasWeight;
  readonly variance?: KerasWeight;
}

/** Weights of a MultiHeadAttention. */
export type Attention = Readonly<Record<'query' | 'key' | 'value' | 'output', KernelAndBias>>;

/** Layers by kind, each kind in the order of the model. */
export interface SortedLayers {
  readonly convolutions: readonly KernelAndBias[];
  readonly batchNorms: readonly Normalization[];
  readonly layerNorms: readonly Normalization[];
  readonly denses: readonly KernelAndBias[];
  readonly attentions: readonly Attention[];
  readonly embeddings: readonly KerasWeight[];
}

/** Tells layers apart by the shapes of their weights, since every format names them differently. */
export function sortLayers(layers: readonly KerasLayer[]): SortedLayers {
  const ranks = ({ weights }: KerasLayer) =>
    weights
      .map(({ shape }) => shape.length)
      .toSorted()
      .join();
  const ofRanks = (...wanted: string[]) => layers.filter((layer) => wanted.includes(ranks(layer)));
  return {
    convolutions: ofRanks('4', '1,4').map(toKernel),
    batchNorms: ofRanks('1,1,1,1').map(toBatchNorm),
    layerNorms: ofRanks('1,1').map(({ weights }) => toAffine(weights)),
    denses: ofRanks('1,2').map(toKernel),
    attentions: ofRanks('1,2,2,2,3,3,3,3').map(toAttention),
    embeddings: ofRanks('2').map(({ weights }) => weights[0] as KerasWeight),
  };
}

function toKernel({ weights }: { readonly weights: readonly KerasWeight[] }): KernelAndBias {
  const [kernel, bias] = weights.toSorted((left, right) => right.shape.length - left.shape.length);
  return { kernel: kernel as KerasWeight, bias };
}

/** By name where they have one, else in Keras' order: gamma, beta, moving mean, moving variance. */
function toBatchNorm({ weights }: KerasLayer): Normalization {
  const mean = pick(weights, /mean/, 2);
  return { ...toAffine(weights), mean, variance: pick(weights, /variance/, 3) };
}

function toAffine(weights: readonly KerasWeight[]): Normalization {
  return { gamma: pick(weights, /gamma/, 0), beta: pick(weights, /beta/, 1) };
}

function pick(weights: readonly KerasWeight[], name: RegExp, index: number): KerasWeight {
  const found = weights.find(({ path }) => name.test(path)) ?? weights.find(({ path }) => path.endsWith(`/${index}`));
  return found ?? (weights[index] as KerasWeight);
}

function toAttention({ weights }: KerasLayer): Attention {
  const part = (name: RegExp) => toKernel({ weights: weights.filter(({ path }) => name.test(path)) });
  return { query: part(/query/), key: part(/key/), value: part(/value/), output: part(/output/) };
}
