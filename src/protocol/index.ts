export * from './atomic-file.js';
export * from './environment.js';
export * from './epoch-info.js';
export * from './errors.js';
export * from './exit-status.js';
export * from './heartbeat.js';
export * from './run-directory.js';
