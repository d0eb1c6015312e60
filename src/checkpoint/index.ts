export { buildObjectGraph } from './build-object-graph.js';
export * from './bundle-types.js';
export * from './checkpoint-state.js';
export { type CommitOptions, commitCheckpoint } from './commit-checkpoint.js';
export { type FileOps, realFiles } from './file-ops.js';
export * from './find-resumable.js';

export { followObjectGraph } from './follow-object-graph.js';

export { type ForeignVerdict, verifyForeign } from './foreign/verify-foreign.js';

export { listCheckpoints } from './list-checkpoints.js';
export { objectGraphTensor, valueSuffix } from './object-graph.js';
export { type Bundle, openBundle } from './open-bundle.js';
export { type PruneRules, pruneCheckpoints } from './prune-checkpoints.js';
export { quarantineFolder } from './quarantine.js';
export { epochInfoTensor, readOwnRecord } from './read-record.js';
export * from './retention-policy.js';
export * from './safetensors/index.js';
export { setAside } from './set-aside.js';
export * from './verify-checkpoint.js';
export { dataPath, indexPath, writeBundle } from './write-bundle.js';
