export type { TensorFile, TensorInfo } from '../tensor-info.js';
export { type Difference, diffTensors, type NumericDifference } from './diff-tensors.js';
export { openTensorFile } from './tensor-file.js';
export { summarizeTensor, type TensorStatistics } from './tensor-statistics.js';
