import { enableProdMode } from '@tensorflow/tfjs-core';
import { loadTensorflowBackend } from '../../src/trainer/backends/tensorflow-backend.js';
import { registerGradients } from '../../src/trainer/nn/autodiff/index.js';

/** Starts native TensorFlow for a suite; false (and why, on the console) where it does not load. */
export async function useTensorflow(): Promise<boolean> {
  enableProdMode();
  registerGradients();
  // Small tensors gain nothing by more threads, and these wait for one another on a busy machine.
  process.env['TF_NUM_INTRAOP_THREADS'] ??= '1';
  try {
    await loadTensorflowBackend();
    return true;
  } catch (error) {
    console.warn(`skipped: ${(error as Error).message} (npm run native)`);
    return false;
  }
}
