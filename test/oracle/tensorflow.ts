import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const environment = { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3', TF_ENABLE_ONEDNN_OPTS: '0', CUDA_VISIBLE_DEVICES: '' };

/** Python with TensorFlow: `SUPERVISE_PYTHON`, else `python3`; undefined (and why, on the console) when it has none. */
export const findTensorFlow = () => findPython('tensorflow', 'SUPERVISE_PYTHON');

/** Python with safetensors: `SUPERVISE_SAFETENSORS_PYTHON`, else that of TensorFlow; undefined when it has none. */
export const findSafetensors = () => findPython('safetensors', 'SUPERVISE_SAFETENSORS_PYTHON', 'SUPERVISE_PYTHON');

/** Python with PyTorch: `SUPERVISE_TORCH_PYTHON`, else `python3`; undefined when it has none. */
export const findTorch = () => findPython('torch', 'SUPERVISE_TORCH_PYTHON');

function findPython(module: string, ...variables: string[]): string | undefined {
  const python = variables.map((name) => process.env[name]).find((path) => path !== undefined) ?? 'python3';
  // Looked for and not imported: that alone takes seconds.
  const look = `import importlib.util, sys; sys.exit(importlib.util.find_spec('${module}') is None)`;
  const { status } = spawnSync(python, ['-c', look], { env: environment, stdio: 'ignore' });
  if (status === 0) return python;
  console.warn(`skipped: ${python} has no ${module} (set ${variables[0]} to a Python that has)`);
  return undefined;
}

/** Runs a script of this folder and returns what it prints; a failure carries Python's traceback. */
export function runOracle(python: string, script: string, ...args: string[]): string {
  return run(python, script, [pathOf(script), ...args]);
}

/** The same with TensorFlow, which all files of a test run import only once: each script runs in a fork of one process. */
export function runTensorFlow(python: string, script: string, ...args: string[]): string {
  return run(python, script, [pathOf('serve.py'), String(process.ppid), pathOf(script), ...args]);
}

const pathOf = (script: string) => fileURLToPath(new URL(script, import.meta.url));

function run(python: string, script: string, args: string[]): string {
  const options = { env: environment, encoding: 'utf8', maxBuffer: 1 << 28 } as const;
  const { status, stdout, stderr } = spawnSync(python, args, options);
  if (status !== 0) throw new Error(`${script} exited ${status}:\n${stderr}`);
  return stdout;
}
