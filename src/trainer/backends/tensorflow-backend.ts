import { createRequire } from 'node:module';
import { backend, setBackend } from '@tensorflow/tfjs-core';
import type { LoadedBackend } from './backend.js';

const packageName = '@tensorflow/tfjs-node-gpu';

/**
 * Starts the native backend of `@tensorflow/tfjs-node-gpu`, an optional package that the user installs.
 * @throws Error saying why it does not load: not installed, or its native binding missing or broken
 */
export async function loadTensorflowBackend(): Promise<LoadedBackend> {
  // Take GPU memory as it is needed, not all of it at once.
  process.env['TF_FORCE_GPU_ALLOW_GROWTH'] ??= 'true';
  process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '3';
  requireNative();
  if (!(await setBackend('tensorflow'))) throw new Error(`${packageName} loaded, but its backend did not start`);
  const { isUsingGpuDevice } = backend() as unknown as { readonly isUsingGpuDevice: boolean };
  return { name: 'tensorflow', device: isUsingGpuDevice ? 'GPU, native TensorFlow' : 'CPU, native TensorFlow' };
}

function requireNative(): void {
  const require = createRequire(import.meta.url);
  restoreNodeUtilities(require('node:util'));
  try {
    require(packageName);
  } catch (error) {
    throw new Error(explain(error), { cause: error });
  }
}

/** Node 23 removed two helpers that tfjs-node still calls. */
function restoreNodeUtilities(util: Record<string, unknown>): void {
  util['isNullOrUndefined'] ??= (value: unknown) => value === null || value === undefined;
  util['isArray'] ??= Array.isArray;
}

function explain(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  const firstLine = message.trim().split('\n')[0];
  if (code === 'MODULE_NOT_FOUND' && message.includes(packageName)) return `${packageName} is not installed`;
  return `${packageName} is installed but does not load: ${firstLine}`;
}
