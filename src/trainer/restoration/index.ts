export { type Evaluation, type EvaluationOptions, evaluateModel } from './evaluate-model.js';
export { openRestorer, type Restorer, type RestorerOptions } from './open-restorer.js';
export { type RestoreOptions, restoreFile } from './restore-file.js';
export { restoreImage, type TileRestorer } from './restore-image.js';
export type { KindScore, LineScore, SetScore } from './summarize-scores.js';
