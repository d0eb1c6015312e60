import type { GradConfig, NamedAttrMap, Tensor } from '@tensorflow/tfjs-core';

/** The saved tensors of an operation: as many as it said it saves, so that taking them apart needs no checks. */
type Saved = [Tensor, Tensor];

/** Describes the gradient of an operation with one output for tfjs' registry; each input's is computed only when wanted. */
export function gradient(
  kernelName: string,
  { saves = [], savesOutput = false }: { readonly saves?: string[]; readonly savesOutput?: boolean },
  differentiate: (dy: Tensor, saved: Saved, attributes: NamedAttrMap) => Record<string, () => Tensor>,
): GradConfig {
  return {
    kernelName,
    inputsToSave: saves,
    ...(savesOutput && { outputsToSave: [true] }),
    gradFunc: (dy, saved, attributes) => differentiate(dy as Tensor, saved as Saved, attributes),
  };
}
