import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { buildNative } from '../../../../src/trainer/backends/native/build-native.js';
import { compileBinding } from '../../../../src/trainer/backends/native/compile-binding.js';
import { cudaPreloader } from '../../../../src/trainer/backends/native/cuda-preloader.js';
import { findTensorflow, type PythonTensorflow } from '../../../../src/trainer/backends/native/find-tensorflow.js';
import { nativeHome } from '../../../../src/trainer/backends/native/native-home.js';
import { runProgram } from '../../../../src/trainer/backends/native/run-program.js';
import { undoNative } from '../../../../src/trainer/backends/native/undo-native.js';
import { temporaryFolder } from '../../support.js';

afterEach(() => void vi.unstubAllEnvs());

/** Lets every Python see this package `tensorflow` (and none else of that name). */
function fakeTensorflow(files: readonly string[], version = '2.99.0'): string {
  const folder = temporaryFolder();
  const put = (path: string, content = '') => {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    writeFileSync(join(folder, path), content);
  };
  put('tensorflow/__init__.py');
  put(`tensorflow-${version}.dist-info/METADATA`, `Metadata-Version: 2.1\nName: tensorflow\nVersion: ${version}\n`);
  put(`tensorflow-${version}.dist-info/top_level.txt`, 'tensorflow\n');
  put(`tensorflow-${version}.dist-info/RECORD`, 'tensorflow/__init__.py,,\n');
  for (const file of files) put(file);
  vi.stubEnv('PYTHONPATH', folder);
  return folder;
}

const wholeTensorflow = [
  'tensorflow/libtensorflow_cc.so.2',
  'tensorflow/libtensorflow_framework.so.2',
  'tensorflow/include/tensorflow/c/c_api.h',
];

describe('finding the TensorFlow of a Python', () => {
  test('gives its folder, libraries, version, and where pip put CUDA', async () => {
    const folder = fakeTensorflow([...wholeTensorflow, 'nvidia/cudnn/lib/libcudnn.so.9', 'nvidia/empty/__init__.py']);
    expect(await findTensorflow(['python3'])).toMatchObject({
      version: '2.99.0',
      folder: join(folder, 'tensorflow'),
      libraries: wholeTensorflow.slice(0, 2).map((name) => join(folder, name)),
      cudaFolders: [join(folder, 'nvidia/cudnn/lib')],
    });
  });

  test.each([
    ['no Python', ['no-such-python'], /^there is no Python \(no-such-python\)[\s\S]*SUPERVISE_PYTHON/],
    ['one that fails', ['false'], /^false fails/],
  ])('%s is one clear error', async (_, names, message) => {
    const failure = findTensorflow(names);
    await expect(failure).rejects.toMatchObject({ code: 'NATIVE_BUILD', exitCode: 69 });
    await expect(failure).rejects.toThrow(message);
  });

  test('no TensorFlow: how to install it', async () => {
    vi.stubEnv('PYTHONPATH', '');
    const python = ['python3', '-I', '-S'];
    const folder = temporaryFolder();
    const script = join(folder, 'bare-python');
    writeFileSync(script, `#!/bin/sh\nexec ${python.join(' ')} "$@"\n`);
    chmodSync(script, 0o755);
    await expect(findTensorflow([script])).rejects.toThrow(/has no TensorFlow\n.*pip install tensorflow/);
  });

  test('a TensorFlow without its C library: which version has it', async () => {
    fakeTensorflow([]);
    await expect(findTensorflow(['python3'])).rejects.toThrow(
      /TensorFlow 2\.99\.0 .* comes without its C library or headers\n.*2\.10 or newer/,
    );
  });
});

/** A binding's sources in a temporary folder, and what they would be compiled with. */
function compilation(source: string, compiler = 'g++') {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'binding.cc'), source);
  const tensorflow: PythonTensorflow = {
    python: 'python3',
    pythonVersion: '3',
    version: '2.99.0',
    folder,
    libraries: [],
    cudaFolders: [],
  };
  return { sources: folder, nodeHeaders: folder, tensorflow, output: join(folder, 'out/binding.node'), compiler };
}

describe('compiling the binding', () => {
  test('without a compiler: which one, and how to get it', async () => {
    const failure = compileBinding(compilation('', 'no-such-compiler'));
    await expect(failure).rejects.toThrow(/there is no C\+\+ compiler \(no-such-compiler\)\n.*apt-get install g\+\+/);
  });

  test.each([
    ['#include <node_api.h>', /node_api\.h.*\n.*headers of Node/],
    ['#include <no_such_header.h>', /no_such_header\.h/],
    ['int f() { return undeclared; }', /undeclared/],
  ])('%s: the first thing that the compiler says', async (source, message) => {
    const failure = compileBinding(compilation(source));
    await expect(failure).rejects.toMatchObject({ code: 'NATIVE_BUILD' });
    await expect(failure).rejects.toThrow(message);
  });

  test("the libraries of pip's CUDA are in the process once it is loaded, whatever their order", async () => {
    const folder = temporaryFolder();
    const compile = (name: string, source: string, ...more: string[]) => {
      writeFileSync(join(folder, `${name}.cc`), source);
      const target = ['-o', join(folder, `${name}.so`)];
      return runProgram('g++', ['-shared', '-fPIC', ...target, join(folder, `${name}.cc`), ...more], {
        timeoutMs: 60_000,
      });
    };
    // a needs b by name, and is met first.
    await compile('b', 'extern "C" int b() { return 42; }', '-Wl,-soname,b.so');
    await compile(
      'a',
      'extern "C" int b(); extern "C" int a() { return b(); }',
      join(folder, 'b.so'),
      '-Wl,-soname,a.so',
    );
    const main = `${cudaPreloader([folder])}
#include <cstdio>
int main() { auto a = (int (*)())dlsym(RTLD_DEFAULT, "a"); std::printf("%d", a == nullptr ? -1 : a()); }`;
    const program = join(temporaryFolder(), 'main');
    writeFileSync(`${program}.cc`, main);
    const built = await runProgram('g++', ['-o', program, `${program}.cc`, '-ldl'], { timeoutMs: 60_000 });
    expect(built.code, built.stderr).toBe(0);
    expect((await runProgram(program, [], { timeoutMs: 10_000 })).stdout).toBe('42');
  });
});

describe('building', () => {
  test('fails before it installs anything when something is missing', async () => {
    vi.stubEnv('SUPERVISE_PYTHON', 'no-such-python');
    const home = nativeHome(join(temporaryFolder(), 'native'));
    await expect(buildNative({ home, log: () => undefined })).rejects.toMatchObject({ code: 'NATIVE_BUILD' });
    expect(existsSync(home.folder)).toBe(false);
  });

  test('a binding that cannot be built leaves the one that was there', async () => {
    fakeTensorflow(wholeTensorflow);
    vi.stubEnv('SUPERVISE_PYTHON', 'python3');
    vi.stubEnv('CXX', 'false');
    vi.stubEnv('PATH', `${process.env['PATH']}${delimiter}`);
    const home = nativeHome(temporaryFolder());
    mkdirSync(join(home.package, 'binding'), { recursive: true });
    mkdirSync(join(home.binding, '..'), { recursive: true });
    writeFileSync(home.binding, 'what was there');
    await expect(buildNative({ home, log: () => undefined })).rejects.toThrow(/false does not compile the binding/);
    expect(readFileSync(home.binding, 'utf8')).toBe('what was there');
  });

  test('undoing removes what was installed, and nothing else', () => {
    const folder = temporaryFolder();
    const home = nativeHome(folder);
    expect(undoNative(home)).toBe(false);
    mkdirSync(home.package, { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{}');
    writeFileSync(join(folder, 'notes.txt'), 'mine');
    expect(undoNative(home)).toBe(true);
    expect(existsSync(home.package)).toBe(false);
    expect(readFileSync(join(folder, 'notes.txt'), 'utf8')).toBe('mine');
  });
});
