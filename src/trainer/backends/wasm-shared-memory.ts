/**
 * Has the WebAssembly programs that `start` loads keep their memory where every thread of this process can read it: what is to be
 * written to disk need not be copied for the thread that writes. tfjs builds it so for several threads only; for one, this is a
 * bit of the program that says so. It computes as fast and the same.
 */
export async function withSharedMemory<Result>(start: () => Promise<Result>): Promise<Result> {
  const { WebAssembly: host } = globalThis as unknown as { WebAssembly: WebAssemblyHost };
  const { instantiate } = host;
  host.instantiate = (program, imports) =>
    instantiate(ArrayBuffer.isView(program) ? shareMemory(program) : program, imports);
  try {
    return await start();
  } finally {
    host.instantiate = instantiate;
  }
}

/** The part of `WebAssembly` that tfjs' loader calls under Node: with the bytes of a file. */
interface WebAssemblyHost {
  instantiate: (program: object, imports?: object) => Promise<object>;
}

const headerBytes = 8;
const memorySection = 5;
/** Bits of a memory's limits in the binary format: it has a maximum, which is a condition of the other; and it is shared. */
const hasMaximum = 1;
const isShared = 2;

/** The same program with its memory shared; as it is when that cannot be: it imports its memory, or the memory has no maximum. */
function shareMemory({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  const shared = new Uint8Array(buffer, byteOffset, byteLength).slice();
  for (let at = headerBytes; at < shared.length; ) {
    const [length, content] = readNumber(shared, at + 1);
    if (shared[at] === memorySection) {
      const [, limits] = readNumber(shared, content);
      if (shared[limits] === hasMaximum) shared[limits] = hasMaximum | isShared;
      break;
    }
    at = content + length;
  }
  return shared;
}

/** An unsigned LEB128 number, and where it ends. */
function readNumber(bytes: Uint8Array, start: number): [value: number, end: number] {
  let value = 0;
  for (let at = start, factor = 1; ; at++, factor *= 128) {
    const byte = bytes[at] ?? 0;
    value += (byte & 127) * factor;
    if (byte < 128) return [value, at + 1];
  }
}
