import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { env, setBackend } from '@tensorflow/tfjs-core';
import type { LoadedBackend } from './backend.js';
import { installWasmKernels } from './wasm-kernels/index.js';
import { withSharedMemory } from './wasm-shared-memory.js';
import { withWasmThreads } from './wasm-threads.js';

/**
 * Starts tfjs-backend-wasm with SIMD where the processor has it, and with the kernels that training needs; with more than one
 * thread when that is asked for (docs/backends.md has the figures).
 */
export async function loadWasmBackend(threads = 1): Promise<LoadedBackend> {
  const wasm = await import('@tensorflow/tfjs-backend-wasm');
  const packageJson = createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm/package.json');
  wasm.setWasmPaths(join(dirname(packageJson), 'dist/'));
  const simd = (await env().getAsync('WASM_HAS_SIMD_SUPPORT')) as boolean;
  if (threads > 1 && !simd) throw new Error('wasm has threads only where the processor has SIMD');
  const start = () => setBackend('wasm');
  env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
  if (threads > 1) wasm.setThreadsCount(threads);
  const started = threads > 1 ? await withWasmThreads(threads, start) : await withSharedMemory(start);
  if (!started) throw new Error('WebAssembly could not be started');
  installWasmKernels();
  const running = threads > 1 ? wasm.getThreadsCount() : 1;
  return {
    name: 'wasm',
    device: `CPU, WebAssembly with${simd ? '' : 'out'} SIMD, ${running} thread${running === 1 ? '' : 's'}`,
  };
}
