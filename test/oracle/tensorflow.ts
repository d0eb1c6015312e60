import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const environment = { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3', TF_ENABLE_ONEDNN_OPTS: '0', CUDA_VISIBLE_DEVICES: '' };

/** Python with TensorFlow: `SUPERVISE_PYTHON`, else `python3`; undefined (and why, on the console) when it has none. */
export const findTensorFlow = () => findPython('tensorflow', process.env['SUPERVISE_PYTHON']);

/** Python with safetensors: `SUPERVISE_SAFETENSORS_PYTHON`, else that of TensorFlow; undefined when it has none. */
export const findSafetensors = () =>
  findPython('safetensors', process.env['SUPERVISE_SAFETENSORS_PYTHON'] ?? process.env['SUPERVISE_PYTHON']);

function findPython(module: string, python = 'python3'): string | undefined {
  const { status } = spawnSync(python, ['-c', `import ${module}`], { env: environment, stdio: 'ignore' });
  if (status === 0) return python;
  console.warn(`skipped: ${python} cannot import ${module} (set SUPERVISE_PYTHON to a Python that can)`);
  return undefined;
}

/** Runs a script of this folder and returns what it prints; a failure carries Python's traceback. */
export function runOracle(python: string, script: string, ...args: string[]): string {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const { status, stdout, stderr } = spawnSync(python, [path, ...args], {
    env: environment,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  if (status !== 0) throw new Error(`${script} exited ${status}:\n${stderr}`);
  return stdout;
}
