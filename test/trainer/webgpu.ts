import { enableProdMode, setBackend } from '@tensorflow/tfjs-core';
import { loadWebgpuBackend } from '../../src/trainer/backends/webgpu-backend.js';

/** Computes on WebGPU from here on; whether there is one. Tests that need it are skipped otherwise. */
export async function useWebgpu(): Promise<boolean> {
  enableProdMode();
  try {
    await loadWebgpuBackend();
    return await setBackend('webgpu');
  } catch (error) {
    console.warn(`skipped: ${(error as Error).message}`);
    return false;
  }
}
