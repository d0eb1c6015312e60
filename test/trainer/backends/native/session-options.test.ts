import { PbfReader } from 'pbf';
import { describe, expect, test } from 'vitest';
import { sessionDefines, sessionOptions } from '../../../../src/trainer/backends/native/session-options.js';

/** The numbers of tensorflow/core/protobuf: ConfigProto and GraphOptions nest by field 10. */
const nested = 10;
const fields = new Map([
  [1, 'layout_optimizer'],
  [4, 'memory_optimization'],
  [12, 'meta_optimizer_iterations'],
]);

function readRewriter(source: string): Record<string, number> {
  const list = /config\[\] = \{([\d, ]+)\}/.exec(source)?.[1] ?? '';
  const reader = new PbfReader(Uint8Array.from(list.split(', '), Number));
  const found: Record<string, number> = {};
  const readOptions = (tag: number) => {
    found[fields.get(tag) ?? `field ${tag}`] = reader.readVarint();
  };
  const readGraph = (tag: number) => {
    expect(tag).toBe(nested);
    reader.readMessage(readOptions, undefined);
  };
  reader.readFields((tag) => {
    expect(tag).toBe(nested);
    reader.readMessage(readGraph, undefined);
  }, undefined);
  return found;
}

describe('session options of the binding', () => {
  test('on the processor: one pass over a graph, without what is for cards', () => {
    expect(readRewriter(sessionOptions(true))).toEqual({
      meta_optimizer_iterations: 1,
      memory_optimization: 1,
      layout_optimizer: 2,
    });
  });

  test('on a card: one pass, nothing left out', () => {
    expect(readRewriter(sessionOptions(false))).toEqual({ meta_optimizer_iterations: 1 });
  });

  test('the binding asks for the function that is defined, and that one for the real one', () => {
    const source = sessionOptions(true);
    const name = /-DTF_NewSessionOptions=(\w+)/.exec(sessionDefines.join(' '))?.[1];
    expect(source).toContain(`TF_SessionOptions* ${name}(void) {`);
    expect(source).toMatch(/^#undef TF_NewSessionOptions\n/);
  });
});
