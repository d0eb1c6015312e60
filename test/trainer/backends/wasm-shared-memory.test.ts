import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { withSharedMemory } from '../../../src/trainer/backends/wasm-shared-memory.js';

interface Program {
  readonly instance: { readonly exports: { readonly memory: { readonly buffer: ArrayBufferLike } } };
}

const { WebAssembly: host } = globalThis as unknown as {
  WebAssembly: { instantiate: (program: object, imports?: object) => Promise<object> };
};

const header = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
const customSection = [0, 130, 1, 1, 'n'.charCodeAt(0), ...Array.from({ length: 128 }, () => 5)];
const exportSection = [7, 10, 1, 6, ...Buffer.from('memory'), 2, 0];
const bytes = (...sections: number[][]) => Uint8Array.from([...header, ...sections.flat()]);
const memoryOf = async (program: Uint8Array) =>
  ((await host.instantiate(program)) as Program).instance.exports.memory.buffer;

test("a program's memory is shared, whatever stands before it, and its bytes are left alone", async () => {
  const program = bytes(customSection, [5, 4, 1, 1, 1, 2], exportSection);
  const before = program.slice();
  const inLarger = Buffer.concat([Buffer.alloc(3), program]).subarray(3);
  expect(await withSharedMemory(() => memoryOf(program))).toBeInstanceOf(SharedArrayBuffer);
  expect(await withSharedMemory(() => memoryOf(inLarger))).toBeInstanceOf(SharedArrayBuffer);
  expect(program).toEqual(before);
});

test('one that may grow without end cannot be shared, and runs as it is', async () => {
  const memory = await withSharedMemory(() => memoryOf(bytes([5, 3, 1, 0, 1], exportSection)));
  expect(memory).toBeInstanceOf(ArrayBuffer);
});

test('so does one without memory, and what is no program is refused as always', async () => {
  expect(await withSharedMemory(() => host.instantiate(bytes()))).toHaveProperty('instance');
  await expect(withSharedMemory(() => host.instantiate(bytes([5, 200])))).rejects.toThrow(/WebAssembly\.instantiate/);
  await expect(withSharedMemory(() => host.instantiate(new Uint8Array(0)))).rejects.toThrow(/WebAssembly\.instantiate/);
});

test('afterwards programs have memory of their own again, also after an error', async () => {
  const program = bytes([5, 4, 1, 1, 1, 2], exportSection);
  await expect(withSharedMemory(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await memoryOf(program)).toBeInstanceOf(ArrayBuffer);
});

test("both of tfjs's programs for one thread can be shared", async () => {
  const packageJson = createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm/package.json');
  for (const name of ['tfjs-backend-wasm-simd.wasm', 'tfjs-backend-wasm.wasm']) {
    const program = readFileSync(join(dirname(packageJson), 'dist', name));
    const imports = new Proxy({}, { get: () => new Proxy({}, { get: () => () => 0 }) });
    const { instance } = (await withSharedMemory(() => host.instantiate(program, imports))) as Program;
    expect(instance.exports.memory.buffer, name).toBeInstanceOf(SharedArrayBuffer);
  }
});
