import { enableProdMode, getBackend, removeBackend } from '@tensorflow/tfjs-core';
import type { Experiment } from '../../config/schema.js';
import { SuperviseError } from '../../protocol/index.js';
import { registerGradients } from '../nn/autodiff/index.js';
import type { BackendName, LoadedBackend } from './backend.js';
import { loadCpuBackend } from './cpu-backend.js';
import { failedChecks } from './self-test.js';
import { loadTensorflowBackend } from './tensorflow-backend.js';
import { loadWasmBackend } from './wasm-backend.js';

/** The backend that a training runs on. */
export interface SelectedBackend extends LoadedBackend {
  /** Why this one, in a sentence for the log. */
  readonly reason: string;
  /** Stops it for good: tfjs starts no backend a second time in the same process. */
  readonly dispose: () => void;
}

type Wanted = Experiment['training']['backend'];

/** Fastest first: the order in which `auto` tries. */
const loaders: Readonly<Record<BackendName, () => Promise<LoadedBackend>>> = {
  tensorflow: loadTensorflowBackend,
  wasm: loadWasmBackend,
  cpu: loadCpuBackend,
};

/**
 * Starts the wanted backend and makes it tfjs' current one; `auto` takes the fastest that loads and computes right
 * gradients.
 * @throws BACKEND_UNAVAILABLE when the named one, or none of all, loads and passes its self-test
 */
export async function selectBackend(wanted: Wanted): Promise<SelectedBackend> {
  // Silences tfjs' banner and its advice to install other packages.
  enableProdMode();
  const names = wanted === 'auto' ? (Object.keys(loaders) as BackendName[]) : [wanted];
  const failures: string[] = [];
  for (const name of names) {
    try {
      const loaded = await loadTested(name);
      return { ...loaded, reason: explain(wanted, name, failures), dispose: () => removeBackend(getBackend()) };
    } catch (error) {
      failures.push(`${name}: ${(error as Error).message}`);
    }
  }
  throw unavailable(wanted, failures);
}

async function loadTested(name: BackendName): Promise<LoadedBackend> {
  const loaded = await loaders[name]();
  registerGradients();
  const failed = failedChecks();
  if (failed.length > 0) throw new Error(`it fails its self-test (${failed.join(', ')})`);
  return loaded;
}

function explain(wanted: Wanted, name: BackendName, failures: readonly string[]): string {
  const advice = name === 'cpu' ? ' Plain JS is the last resort: a training takes many times longer.' : '';
  if (wanted !== 'auto') return `asked for.${advice}`;
  if (failures.length === 0) return `the fastest that there is.${advice}`;
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
  tensorflow: 'npm install @tensorflow/tfjs-node-gpu, or set training.backend to "auto"',
  wasm: 'set training.backend to "auto"',
  cpu: 'set training.backend to "auto"',
};
