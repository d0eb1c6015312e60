export { runTrainer, type TrainerOptions } from './loop/run-trainer.js';
export { trainRecognizer } from './recognizer/index.js';
