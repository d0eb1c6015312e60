import { expect } from 'vitest';

/**
 * Typed arrays and buffers of one kind and of the same bytes are equal at once: element by element, `toEqual` takes a second for
 * 100,000. All others are left to it, which says what differs.
 */
function equalBytes(left: unknown, right: unknown): true | undefined {
  if (!ArrayBuffer.isView(left) || !ArrayBuffer.isView(right) || left.constructor !== right.constructor)
    return undefined;
  return bytesOf(left).equals(bytesOf(right)) ? true : undefined;
}

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView) => Buffer.from(buffer, byteOffset, byteLength);

// Testers stay for the life of a process, and this is run for each file.
const added = Symbol.for('supervise.equalBytes');
if (!(added in globalThis)) expect.addEqualityTesters([equalBytes]);
Object.assign(globalThis, { [added]: true });
