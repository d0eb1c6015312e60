import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { copyingBinding, stockBinding } from './copying-binding.js';
import { cudaPreloader } from './cuda-preloader.js';
import type { PythonTensorflow } from './find-tensorflow.js';
import { nativeError } from './native-error.js';
import { runProgram } from './run-program.js';
import { sessionDefines, sessionOptions } from './session-options.js';

/** What a binding is compiled from, and where it goes. */
export interface Compilation {
  /** Folder of the binding's sources. */
  readonly sources: string;
  /** Folder of Node's header `node_api.h`. */
  readonly nodeHeaders: string;
  readonly tensorflow: PythonTensorflow;
  /** File to write. */
  readonly output: string;
  readonly compiler: string;
}

const timeoutMs = 600_000;

/** The C++ compiler that is meant: `CXX`, or g++. */
export function compilerName(env: NodeJS.ProcessEnv = process.env): string {
  return env['CXX'] ?? (process.platform === 'darwin' ? 'clang++' : 'g++');
}

/**
 * Compiles the binding and links it with the given TensorFlow, which it then finds by its path.
 * @throws NATIVE_BUILD without a compiler, or with what the compiler complains of first
 */
export async function compileBinding(compilation: Compilation): Promise<void> {
  const { compiler, output, sources, tensorflow } = compilation;
  mkdirSync(dirname(output), { recursive: true });
  writeFileSync(join(sources, 'supervise_preload.cc'), cudaPreloader(tensorflow.cudaFolders));
  if (existsSync(join(sources, stockBinding))) {
    writeFileSync(join(sources, 'supervise_binding.cc'), copyingBinding);
    writeFileSync(join(sources, 'supervise_session.cc'), sessionOptions(tensorflow.cudaFolders.length === 0));
  }
  const { isFound, code, stderr } = await runProgram(compiler, compilerArguments(compilation), { timeoutMs });
  if (!isFound)
    throw nativeError(
      `there is no C++ compiler (${compiler})`,
      'install one (Debian and Ubuntu: apt-get install g++; macOS: xcode-select --install), or name it with CXX',
    );
  if (code === 0) return;
  throw nativeError(
    `${compiler} does not compile the binding against TensorFlow ${tensorflow.version}: ${firstError(stderr)}`,
    adviceOn(stderr),
  );
}

/** The compiler's command line. Pure but for the list of sources. */
export function compilerArguments({ sources, nodeHeaders, tensorflow, output }: Compilation): string[] {
  // Ours includes the stock one.
  const files = readdirSync(sources).filter((name) => name.endsWith('.cc') && name !== stockBinding);
  const undefinedSymbols = process.platform === 'darwin' ? ['-undefined', 'dynamic_lookup'] : [];
  return [
    ...['-std=c++17', '-O2', '-shared', '-fPIC', '-pthread', '-w', '-DNAPI_VERSION=8', ...sessionDefines],
    ...[`-I${nodeHeaders}`, `-I${join(tensorflow.folder, 'include')}`],
    ...files.map((name) => join(sources, name)),
    ...['-o', output, ...tensorflow.libraries, '-ldl'],
    ...undefinedSymbols,
    `-Wl,-rpath,${tensorflow.folder}`,
  ];
}

/** Folders that may hold Node's headers, the running Node's first. */
export function nodeHeaderFolders(env: NodeJS.ProcessEnv = process.env): string[] {
  const prefixes = [dirname(dirname(process.execPath)), env['npm_config_nodedir'] ?? '', '/usr', '/usr/local'];
  return prefixes
    .map((prefix) => join(prefix, 'include/node'))
    .filter((folder) => existsSync(join(folder, 'node_api.h')));
}

function firstError(stderr: string): string {
  const lines = stderr.split('\n');
  return (lines.find((line) => /error|undefined reference|cannot find/i.test(line)) ?? lines[0] ?? '').trim();
}

function adviceOn(stderr: string): string {
  if (/node_api\.h/.test(stderr)) return 'install the headers of Node (Debian: libnode-dev), or run it online once';
  if (/GLIBCXX|CXXABI|libstdc\+\+/.test(stderr))
    return "this compiler's libstdc++ is older than the one that TensorFlow was built with: use a newer g++ (CXX=g++-12)";
  if (/c\+\+17|std=/.test(stderr)) return 'use a compiler that knows C++17, such as g++ 9 or newer (CXX=g++-9)';
  return 'update TensorFlow and the compiler; SUPERVISE_DEBUG=1 shows all that the compiler says';
}
