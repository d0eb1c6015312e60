import { createRequire } from 'node:module';
import { join } from 'node:path';
import { backend, env, setBackend } from '@tensorflow/tfjs-core';
import type { LoadedBackend } from './backend.js';
import { lendCore } from './native/lend-core.js';
import { nativeHome, webgpuPackages } from './native/native-home.js';
import { type DispatchingBackend, rememberDispatches } from './webgpu-dispatch.js';
import { installWebgpuKernels } from './webgpu-kernels/index.js';

/** What the package `webgpu` (Dawn) gives: the GPU object of a browser, and the classes that go with it. */
interface Dawn {
  readonly create: (options: readonly string[]) => Gpu;
  readonly globals: Readonly<Record<string, unknown>>;
}

interface Gpu {
  readonly requestAdapter: (options?: object) => Promise<Adapter | null>;
}

interface Adapter {
  readonly info: Readonly<Record<'vendor' | 'architecture' | 'device' | 'description', string>>;
}

/** The part of a device that tells of what went wrong on it. */
interface GpuDevice extends EventTarget {
  readonly lost: Promise<{ readonly reason: string; readonly message: string }>;
}

/** tfjs submits every 15, which a card of today has done before the next come. */
const programsPerSubmit = 64;

/** The part of tfjs' backend that is not in its public types. */
type WebgpuBackend = DispatchingBackend & { readonly device: GpuDevice; thresholdToIncreaseWorkgroups: number };

/** Programs that compute on the processor what a graphics card should. */
const software = /swiftshader|llvmpipe|lavapipe|software/i;

/**
 * Starts WebGPU through Dawn, for graphics cards of any maker. Values of its tensors can be read asynchronously only.
 * @throws Error saying why not: not installed, no graphics card, or no more than a program that imitates one
 */
export async function loadWebgpuBackend(): Promise<LoadedBackend> {
  const { create, globals } = require<Dawn>(webgpuPackages[0]);
  Object.assign(globalThis, globals);
  const gpu = create([]);
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (adapter === null) throw new Error('there is no graphics card that Vulkan, Metal or Direct3D 12 can use');
  // tfjs looks for it where a browser has it, when the package is loaded.
  Object.defineProperty(globalThis, 'navigator', { value: { gpu }, configurable: true });
  require(webgpuPackages[1]);
  env().set('WEBGPU_DEFERRED_SUBMIT_BATCH_SIZE', programsPerSubmit);
  if (!(await setBackend('webgpu'))) throw new Error('WebGPU loaded, but its backend did not start');
  const started = backend() as unknown as WebgpuBackend;
  failLoudly(started.device);
  // Else long sums of small products are split among threads, which add up in the order in which they come by.
  started.thresholdToIncreaseWorkgroups = 0;
  rememberDispatches(started);
  installWebgpuKernels();
  const { vendor, architecture, device, description } = adapter.info;
  const name = description || device || [vendor, architecture].filter(Boolean).join(' ') || 'unknown';
  const isSoftware = software.test(`${name} ${vendor} ${architecture}`);
  return { name: 'webgpu', device: `${isSoftware ? 'CPU' : 'GPU'}, WebGPU on ${name}`, isGpu: !isSoftware };
}

/**
 * WebGPU reports errors to whoever listens, and goes on with wrong numbers: here they end the process. The words are those by
 * which supervise tells exhausted memory and a lost card from other failures.
 */
function failLoudly(device: GpuDevice): void {
  device.addEventListener('uncapturederror', (event) => {
    event.preventDefault();
    const { error } = event as Event & { readonly error: Error };
    const isMemory = error.constructor.name === 'GPUOutOfMemoryError';
    throw new Error(`${isMemory ? 'GPU out of memory' : 'WebGPU fails'}: ${error.message}`);
  });
  device.lost.then(({ reason, message }) => {
    // The backend destroys it when it is disposed of.
    if (reason !== 'destroyed') throw new Error(`GPU is lost: ${message}`);
  });
}

function require<Module>(name: string): Module {
  const local = createRequire(import.meta.url);
  const built = createRequire(join(nativeHome().folder, 'package.json'));
  for (const load of [built, local]) {
    try {
      load.resolve(name);
    } catch {
      continue;
    }
    lendCore(load);
    return load(name) as Module;
  }
  throw new Error(`the package ${name} is not installed ("npm run native -- --webgpu" installs it)`);
}
