import type { Tensor3D } from '@tensorflow/tfjs-core';
import { add } from '@tensorflow/tfjs-core';
import { multiHeadAttention, project } from '../nn/attention.js';
import { dropout } from '../nn/dropout.js';
import { layerNorm } from '../nn/layer-norm.js';
import type { Pass, VariableScope } from '../nn/module.js';
import { gelu } from '../nn/ops/gelu.js';

/** Sizes of one layer of the encoder. */
export interface TransformerLayerOptions {
  readonly dimension: number;
  readonly heads: number;
  readonly headSize: number;
  readonly feedForward: number;
  readonly dropout: number;
}

/** Self-attention and two dense layers with GELU between them; each is added to its input and normalised. */
export function transformerLayer(
  scope: VariableScope,
  { dimension, heads, headSize, feedForward, dropout: rate }: TransformerLayerOptions,
): (x: Tensor3D, pass: Pass) => Tensor3D {
  const attention = multiHeadAttention(scope.scope('attention'), { channels: dimension, heads, headSize });
  const attentionNorm = layerNorm(scope.scope('attention').scope('norm'), dimension);
  const widen = project(scope.scope('widen'), dimension, feedForward);
  const narrow = project(scope.scope('narrow'), feedForward, dimension);
  const norm = layerNorm(scope.scope('narrow').scope('norm'), dimension);
  const drops = ['attention', 'widen', 'narrow'].map((name) => dropout(`${scope.path}/${name}`, rate)) as [
    ReturnType<typeof dropout>,
    ReturnType<typeof dropout>,
    ReturnType<typeof dropout>,
  ];
  return (x, pass) => {
    const attended = attentionNorm(add<Tensor3D>(x, drops[0](attention(x), pass)));
    const hidden = narrow(drops[1](gelu(widen(attended)), pass));
    return drops[2](norm(add<Tensor3D>(attended, hidden)), pass);
  };
}
