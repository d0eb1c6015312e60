import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { env, setBackend } from '@tensorflow/tfjs-core';
import type { LoadedBackend } from './backend.js';
import { installWasmKernels } from './wasm-kernels/index.js';

/** Starts tfjs-backend-wasm with SIMD where the processor has it, and with the kernels that training needs. */
export async function loadWasmBackend(): Promise<LoadedBackend> {
  const wasm = await import('@tensorflow/tfjs-backend-wasm');
  const packageJson = createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm/package.json');
  wasm.setWasmPaths(join(dirname(packageJson), 'dist/'));
  // One thread: with two, a step of the quickstart's size takes as long (docs/backends.md has the figures).
  env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
  const started = await setBackend('wasm');
  if (!started) throw new Error('WebAssembly could not be started');
  installWasmKernels();
  const simd = await env().getAsync('WASM_HAS_SIMD_SUPPORT');
  return {
    name: 'wasm',
    device: simd ? 'CPU, WebAssembly with SIMD, 1 thread' : 'CPU, WebAssembly without SIMD, 1 thread',
  };
}
