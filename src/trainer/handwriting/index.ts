export { type AgingEffect, agingEffects } from './age-line.js';
export { buildDataset, type DatasetCard, type DatasetPlan, shardPattern } from './build-dataset.js';
export { createLineMaker, type HandwritingSpec } from './line-maker.js';
export { previewSheet } from './preview-sheet.js';
