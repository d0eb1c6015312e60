import { setBackend } from '@tensorflow/tfjs-core';
import type { LoadedBackend } from './backend.js';

/** Starts the plain JS backend. */
export async function loadCpuBackend(): Promise<LoadedBackend> {
  await import('@tensorflow/tfjs-backend-cpu');
  await setBackend('cpu');
  return { name: 'cpu', device: 'CPU, plain JS' };
}
