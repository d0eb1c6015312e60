export * from './find-files.js';
export * from './load-experiment.js';
export { matchKey, normalizeKey } from './match-key.js';
export * from './resolve-run.js';
export * from './retention-rules.js';
export { type Experiment, experimentSchema } from './schema.js';
export * from './schema-leaves.js';
export type { Origin, Warning } from './settings.js';
export { synonyms } from './synonyms.js';
