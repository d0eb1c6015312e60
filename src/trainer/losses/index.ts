export * from './adversarial.js';
export * from './ctc.js';
export * from './distances.js';
