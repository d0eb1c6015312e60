import { enableProdMode, getBackend, removeBackend, setBackend } from '@tensorflow/tfjs-core';
import type { Experiment } from '../../config/schema.js';
import { SuperviseError } from '../../protocol/index.js';
import { registerGradients } from '../nn/autodiff/index.js';
import type { BackendName, LoadedBackend } from './backend.js';
import { loadCpuBackend } from './cpu-backend.js';
import { failedChecks } from './self-test.js';
import { isKnownGood, noteKnownGood } from './self-test-verdicts.js';
import { loadTensorflowBackend } from './tensorflow-backend.js';
import { loadWasmBackend } from './wasm-backend.js';
import { loadWebgpuBackend } from './webgpu-backend.js';

/** The backend that a training runs on. */
export interface SelectedBackend extends LoadedBackend {
  /** Why this one, in a sentence for the log. */
  readonly reason: string;
  /** Stops it for good: tfjs starts no backend a second time in the same process. */
  readonly dispose: () => void;
}

/** Settings of single backends. */
export interface BackendOptions {
  /** Threads of the wasm backend; 0 and 1 are one. */
  readonly wasmThreads?: number;
  /** Threads that native TensorFlow shares one operation among; all processors, if undefined. */
  readonly operationThreads?: number;
  /** Spares a backend its self-test that has passed it lately, and nothing has changed since. */
  readonly trustsVerdicts?: boolean;
}

type Wanted = Experiment['training']['backend'];

const loaders: Readonly<Record<BackendName, (options: BackendOptions) => Promise<LoadedBackend>>> = {
  tensorflow: loadTensorflowBackend,
  webgpu: loadWebgpuBackend,
  wasm: ({ wasmThreads = 1 }) => loadWasmBackend(Math.max(1, wasmThreads)),
  cpu: loadCpuBackend,
};

/**
 * Starts the wanted backend and makes it tfjs' current one; `auto` takes the fastest that loads and computes right
 * gradients.
 * @throws BACKEND_UNAVAILABLE when the named one, or none of all, loads and passes its self-test
 */
export async function selectBackend(wanted: Wanted, options: BackendOptions = {}): Promise<SelectedBackend> {
  const failures: string[] = [];
  const attempt = async (name: BackendName, isWanted = (_: LoadedBackend) => true) => {
    try {
      const loaded = await startBackend(name, options);
      if (isWanted(loaded)) return loaded;
      failures.push(`${name}: on ${loaded.device}`);
    } catch (error) {
      failures.push(`${name}: ${(error as Error).message}`);
    }
    return undefined;
  };
  const loaded = wanted === 'auto' ? await takeFastest(attempt) : await attempt(wanted);
  if (loaded === undefined) throw unavailable(wanted, failures);
  return { ...loaded, reason: explain(wanted, loaded, failures), dispose: () => removeBackend(getBackend()) };
}

type Attempt = (name: BackendName, isWanted?: (loaded: LoadedBackend) => boolean) => Promise<LoadedBackend | undefined>;

/** A graphics card, then TensorFlow on the processor, then wasm, then plain JS. */
async function takeFastest(attempt: Attempt): Promise<LoadedBackend | undefined> {
  const native = await attempt('tensorflow');
  if (native?.isGpu === true) return native;
  const card = await attempt('webgpu', ({ isGpu }) => isGpu === true);
  if (card !== undefined) return card;
  if (native === undefined) return (await attempt('wasm')) ?? attempt('cpu');
  await setBackend(native.name);
  return native;
}

/** Starts one backend. @throws Error when it does not load, or does not compute right */
export async function startBackend(name: BackendName, options: BackendOptions = {}): Promise<LoadedBackend> {
  // Silences tfjs' banner and its advice to install other packages.
  enableProdMode();
  const loaded = await loaders[name](options);
  registerGradients();
  if (options.trustsVerdicts === true && isKnownGood(loaded)) return loaded;
  const failed = await failedChecks();
  if (failed.length > 0) throw new Error(`it fails its self-test (${failed.join(', ')})`);
  if (options.trustsVerdicts === true) noteKnownGood(loaded);
  return loaded;
}

function explain(wanted: Wanted, { name, isGpu }: LoadedBackend, failures: readonly string[]): string {
  const advice = name === 'cpu' ? ' Plain JS is the last resort: a training takes many times longer.' : '';
  if (wanted !== 'auto') return `asked for.${advice}`;
  if (name === 'tensorflow')
    return isGpu === true ? 'the fastest that there is.' : 'the fastest without a graphics card.';
  return `the fastest that works here (${failures.join('; ')}).${advice}`;
}

function unavailable(wanted: Wanted, failures: readonly string[]): SuperviseError {
  return new SuperviseError('BACKEND_UNAVAILABLE', {
    what: `the backend "${wanted}" cannot be used (${failures.join('; ')})`,
    where: 'training.backend',
    hint: hints[wanted],
  });
}

const hints: Readonly<Record<Wanted, string>> = {
  auto: 'install the packages afresh with "npm ci"',
  tensorflow: 'npm run native (or: supervise doctor --fix), or set training.backend to "auto"',
  webgpu: 'npm run native -- --webgpu, or set training.backend to "auto"',
  wasm: 'set training.backend to "auto"',
  cpu: 'set training.backend to "auto"',
};
