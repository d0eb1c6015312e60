import type { Tensor } from '@tensorflow/tfjs-core';

/** One operation that our networks use, on small inputs. */
export interface SelfTestCase {
  readonly name: string;
  /** Shapes of the float32 inputs, which are filled with fixed random numbers. */
  readonly inputs: readonly number[][];
  readonly run: (...inputs: Tensor[]) => Tensor;
  /** Sum of the output weighted with fixed random numbers, as the plain JS backend computes it. */
  readonly expected: number;
}
