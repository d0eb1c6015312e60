import type { BackendName } from '../../trainer/backends/backend.js';
import type { ProbedBackend } from '../../trainer/backends/probe-backend.js';
import type { Machine } from './machine.js';

/** The backend that a training would run on, and why. */
export interface Choice {
  readonly name: BackendName | undefined;
  readonly reason: string;
}

/** What `training.backend: "auto"` takes. Pure; the same order as `selectBackend`, which tries one after the other. */
export function chooseBackend(backends: readonly ProbedBackend[]): Choice {
  const working = (name: BackendName) => backends.find((backend) => backend.works && backend.name === name);
  const onCard = (name: BackendName) => isOnCard(working(name));
  if (onCard('tensorflow'))
    return { name: 'tensorflow', reason: 'TensorFlow on a graphics card is the fastest there is' };
  if (onCard('webgpu')) return { name: 'webgpu', reason: 'a graphics card is faster than any processor' };
  if (working('tensorflow')) return { name: 'tensorflow', reason: 'the fastest without a graphics card' };
  if (working('wasm'))
    return { name: 'wasm', reason: 'tensorflow does not work here, and wasm is far ahead of plain JS' };
  if (working('cpu')) return { name: 'cpu', reason: 'nothing else works here; a training takes many times longer' };
  return { name: undefined, reason: 'no backend works: install the packages afresh with "npm ci"' };
}

const build = 'supervise doctor --fix (or npm run native)';

/** What would make a training faster, the most important first. Pure. */
export function adviseFaster(machine: Machine): string[] {
  const tensorflow = machine.backends.find(({ name }) => name === 'tensorflow');
  const hasCard = machine.gpus.length > 0;
  if (isOnCard(tensorflow)) return [];
  const advice: string[] = [];
  const package_ = hasCard ? '"tensorflow[and-cuda]"' : 'tensorflow';
  if ('problem' in machine.python) {
    if (tensorflow?.works !== true)
      advice.push(
        `Native TensorFlow is several times faster than wasm. ${capitalize(machine.python.problem)}. Install it (python3 -m pip install ${package_}), then: ${build}`,
      );
  } else if (tensorflow?.works !== true) {
    advice.push(
      `Native TensorFlow is several times faster than wasm, and your Python has it (${machine.python.version}): ${build}`,
    );
  } else if (hasCard && machine.python.cudaFolders.length > 0) {
    advice.push(`Your Python's TensorFlow has CUDA, but the binding runs on the processor: ${build}`);
  } else if (hasCard) {
    advice.push(
      `There is a GPU, but TensorFlow runs on the processor: ${machine.python.python} -m pip install "tensorflow[and-cuda]", then ${build}`,
    );
  }
  if (machine.native?.kind === 'own' && isOutdated(machine))
    advice.push(
      `The binding was built against TensorFlow ${machine.native.tensorflow}, another than Python has now: ${build}`,
    );
  if (!hasCard && machine.backends.find(({ name }) => name === 'webgpu')?.works !== true)
    advice.push('With a graphics card of AMD, Intel or Apple, try WebGPU: npm run native -- --webgpu');
  return advice;
}

/** Whether `--fix` can do something about it. Pure. */
export function isFixable(machine: Machine): boolean {
  const tensorflow = machine.backends.find(({ name }) => name === 'tensorflow');
  if ('problem' in machine.python) return tensorflow?.works !== true;
  const isUnused = machine.gpus.length > 0 && machine.python.cudaFolders.length > 0 && !isOnCard(tensorflow);
  return tensorflow?.works !== true || isUnused || (machine.native?.kind === 'own' && isOutdated(machine));
}

function isOutdated({ native, python }: Machine): boolean {
  return native !== undefined && !('problem' in python) && !python.version.startsWith(native.tensorflow);
}

function isOnCard(backend: ProbedBackend | undefined): boolean {
  return backend?.works === true && backend.isGpu;
}

function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
