import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { nativeError } from './native-error.js';
import { runProgram } from './run-program.js';

/** A Python, and the TensorFlow that it can import. */
export interface PythonTensorflow {
  /** Path of the interpreter. */
  readonly python: string;
  readonly pythonVersion: string;
  readonly version: string;
  /** The package's folder, which its shared libraries are in. */
  readonly folder: string;
  /** Shared libraries that the binding is linked with. */
  readonly libraries: readonly string[];
  /** Folders of CUDA's libraries that pip installed beside it (`tensorflow[and-cuda]`). */
  readonly cudaFolders: readonly string[];
}

/** Finds it without importing it, which takes seconds: the folder by the import system, the version by pip's records. */
const script = `
import importlib.metadata as m, importlib.util as u, json, os, sys
spec = u.find_spec('tensorflow')
folder = list(spec.submodule_search_locations or [None])[0] if spec else None
version = None
for name in m.packages_distributions().get('tensorflow', []) if hasattr(m, 'packages_distributions') else ['tensorflow', 'tensorflow-cpu']:
    try:
        version = m.version(name); break
    except m.PackageNotFoundError: pass
print(json.dumps({'python': sys.executable, 'pythonVersion': '.'.join(map(str, sys.version_info[:3])), 'folder': folder, 'version': version}))
`;

/** The oldest TensorFlow whose pip package has the C library as a file of its own. */
const oldest = '2.10';
const timeoutMs = 60_000;

/** The Python that is meant: `SUPERVISE_PYTHON`, or the first of `python3` and `python` on the path. */
export function pythonNames(env: NodeJS.ProcessEnv = process.env): readonly string[] {
  const chosen = env['SUPERVISE_PYTHON'];
  return chosen === undefined || chosen === '' ? ['python3', 'python'] : [chosen];
}

/**
 * Finds the TensorFlow of the user's Python.
 * @throws NATIVE_BUILD when there is no Python, no TensorFlow in it, or one without the libraries that are needed
 */
export async function findTensorflow(names: readonly string[] = pythonNames()): Promise<PythonTensorflow> {
  const found = await describePython(names);
  const { python, pythonVersion, folder, version } = found;
  if (folder === null || version === null)
    throw nativeError(
      `${python} (Python ${pythonVersion}) has no TensorFlow`,
      `${python} -m pip install tensorflow (with a GPU: "tensorflow[and-cuda]"), or name another Python with SUPERVISE_PYTHON`,
    );
  return {
    python,
    pythonVersion,
    version,
    folder,
    libraries: findLibraries(folder, version),
    cudaFolders: findCudaFolders(join(folder, '../nvidia')),
  };
}

interface Described {
  readonly python: string;
  readonly pythonVersion: string;
  readonly folder: string | null;
  readonly version: string | null;
}

async function describePython(names: readonly string[]): Promise<Described> {
  for (const name of names) {
    const { isFound, code, stdout, stderr } = await runProgram(name, ['-c', script], { timeoutMs });
    if (!isFound) continue;
    if (code === 0) return JSON.parse(stdout) as Described;
    throw nativeError(
      `${name} fails: ${stderr.trim().split('\n').at(-1)}`,
      'name a working Python with SUPERVISE_PYTHON',
    );
  }
  throw nativeError(
    `there is no Python (${names.join(', ')})`,
    'install Python 3.9 or newer with TensorFlow in it, or name one with SUPERVISE_PYTHON',
  );
}

function findLibraries(folder: string, version: string): string[] {
  const names = existsSync(folder) ? readdirSync(folder) : [];
  const libraries = ['tensorflow_cc', 'tensorflow_framework'].map((library) =>
    names.find((name) => name.startsWith(`lib${library}.`) && /\.so(\.\d+)?$|\.dylib$/.test(name)),
  );
  if (libraries.includes(undefined) || !existsSync(join(folder, 'include/tensorflow/c/c_api.h')))
    throw nativeError(
      `TensorFlow ${version} in ${folder} comes without its C library or headers`,
      `install TensorFlow ${oldest} or newer from pip into that Python`,
    );
  return libraries.map((name) => join(folder, name as string));
}

function findCudaFolders(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .map((name) => join(folder, name, 'lib'))
    .filter((path) => existsSync(path));
}
