export { runTrainer, type TrainerOptions } from './loop/run-trainer.js';
