import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { KernelBackend } from '@tensorflow/tfjs-core';
import { backend, registerBackend, setBackend } from '@tensorflow/tfjs-core';
import type { LoadedBackend } from './backend.js';
import { lendCore } from './native/lend-core.js';
import { bindingPackage, type NativeHome, nativeHome } from './native/native-home.js';

/** What one file of the package exports. */
interface NodeKernelBackend {
  readonly NodeJSKernelBackend: new (binding: unknown, packageName: string) => KernelBackend;
}

/** Among the backends that are there, as the package has it. */
const backendPriority = 3;

/**
 * Starts the native backend of `@tensorflow/tfjs-node-gpu`: the one that `npm run native` has built, else one that the user has
 * installed. `operationThreads`: how many threads share one operation, unless the environment says so; all processors, if undefined.
 * @throws Error saying why it does not load: not installed, or its native binding missing or broken
 */
export async function loadTensorflowBackend({
  operationThreads,
}: {
  readonly operationThreads?: number;
} = {}): Promise<LoadedBackend> {
  // Take GPU memory as it is needed, not all of it at once.
  process.env['TF_FORCE_GPU_ALLOW_GROWTH'] ??= 'true';
  // Errors, and no news of what TensorFlow has been built for.
  process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '2';
  // Convolutions by oneDNN: TensorFlow switches it on by itself on some processors only, and it is faster on all of them.
  process.env['TF_ENABLE_ONEDNN_OPTS'] ??= '1';
  if (operationThreads !== undefined) process.env['TF_NUM_INTRAOP_THREADS'] ??= String(operationThreads);
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
  lendCore(require);
  const home = nativeHome();
  try {
    if (existsSync(home.binding)) requireBuilt(home);
    else requireInstalled(home, require);
  } catch (error) {
    throw new Error(explain(error), { cause: error });
  }
}

/**
 * Loads of the package what computes: its index loads all of tfjs besides (layers, converter, data, WebGL), which takes longer
 * than the trainer itself.
 */
function requireBuilt({ folder, package: packageFolder, binding }: NativeHome): void {
  const require = createRequire(join(folder, 'package.json'));
  lendCore(createRequire(join(packageFolder, 'package.json')), '@tensorflow/tfjs');
  require(join(packageFolder, 'dist/register_all_kernels.js'));
  const { NodeJSKernelBackend } = require(join(packageFolder, 'dist/nodejs_kernel_backend.js')) as NodeKernelBackend;
  const native = require(binding);
  registerBackend('tensorflow', () => new NodeJSKernelBackend(native, bindingPackage), backendPriority);
}

/** A package without its binding there tells so by itself. */
function requireInstalled({ folder, package: packageFolder }: NativeHome, require: NodeJS.Require): void {
  if (existsSync(packageFolder)) createRequire(join(folder, 'package.json'))(bindingPackage);
  else require(bindingPackage);
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
