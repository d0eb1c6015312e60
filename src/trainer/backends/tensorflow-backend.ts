import { createRequire } from 'node:module';
import { join } from 'node:path';
import { backend, setBackend } from '@tensorflow/tfjs-core';
import type { LoadedBackend } from './backend.js';
import { bindingPackage, nativeHome } from './native/native-home.js';

/**
 * Starts the native backend of `@tensorflow/tfjs-node-gpu`: the one that `npm run native` has built, else one that the user has
 * installed.
 * @throws Error saying why it does not load: not installed, or its native binding missing or broken
 */
export async function loadTensorflowBackend(): Promise<LoadedBackend> {
  // Take GPU memory as it is needed, not all of it at once.
  process.env['TF_FORCE_GPU_ALLOW_GROWTH'] ??= 'true';
  process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '3';
  // Convolutions by oneDNN: TensorFlow switches it on by itself on some processors only, and it is faster on all of them.
  process.env['TF_ENABLE_ONEDNN_OPTS'] ??= '1';
  requireNative();
  if (!(await setBackend('tensorflow'))) throw new Error(`${bindingPackage} loaded, but its backend did not start`);
  const { isUsingGpuDevice, binding } = backend() as unknown as {
    readonly isUsingGpuDevice: boolean;
    readonly binding: { readonly TF_Version: string };
  };
  const version = binding.TF_Version;
  return {
    name: 'tensorflow',
    device: `${isUsingGpuDevice ? 'GPU' : 'CPU'}, native TensorFlow ${version}`,
    version,
    isGpu: isUsingGpuDevice,
  };
}

function requireNative(): void {
  const require = createRequire(import.meta.url);
  restoreNodeUtilities(require('node:util'));
  const built = createRequire(join(nativeHome().folder, 'package.json'));
  try {
    built(bindingPackage);
  } catch (error) {
    if (!isMissing(error)) throw new Error(explain(error), { cause: error });
    requireInstalled(require);
  }
}

function requireInstalled(require: NodeJS.Require): void {
  try {
    require(bindingPackage);
  } catch (error) {
    throw new Error(explain(error), { cause: error });
  }
}

/** Two helpers that tfjs-node still calls: Node 22 warns of them, and Node 23 has removed one. */
function restoreNodeUtilities(util: Record<string, unknown>): void {
  util['isNullOrUndefined'] = (value: unknown) => value === null || value === undefined;
  util['isArray'] = Array.isArray;
}

function isMissing(error: unknown): boolean {
  const { code, message } = error as NodeJS.ErrnoException;
  return code === 'MODULE_NOT_FOUND' && message.includes(bindingPackage);
}

function explain(error: unknown): string {
  if (isMissing(error)) return 'its binding is not built ("npm run native" builds it)';
  const firstLine = (error as Error).message.trim().split('\n')[0] ?? '';
  if (/libtensorflow\S*: cannot open shared object/.test(firstLine))
    return `the TensorFlow that its binding was built against is gone ("npm run native" builds it anew): ${firstLine}`;
  if (/GLIBCXX_|CXXABI_/.test(firstLine))
    return `this machine's libstdc++ is older than TensorFlow needs (conda's or the system's newer one by LD_LIBRARY_PATH): ${firstLine}`;
  if (/addon module .* can not be found/.test(firstLine))
    return `${bindingPackage} is there, but its binding is not built ("npm run native" builds it)`;
  return `${bindingPackage} is installed but does not load: ${firstLine}`;
}
