export * from './faults.js';
export * from './schedule.js';
export * from './target.js';
