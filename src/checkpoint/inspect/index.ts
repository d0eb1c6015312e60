export { type Difference, diffTensors, type NumericDifference } from './diff-tensors.js';
export { openTensorFile, type TensorFile, type TensorInfo } from './tensor-file.js';
export { summarizeTensor, type TensorStatistics } from './tensor-statistics.js';
