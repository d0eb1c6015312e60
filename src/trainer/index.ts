export { runTrainer } from './loop/run-trainer.js';
export type { TrainerOptions } from './loop/trainer-options.js';
export { trainRecognizer } from './recognizer/index.js';
export * from './restoration/index.js';
