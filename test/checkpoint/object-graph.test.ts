import { describe, expect, test } from 'vitest';
import { buildObjectGraph, followObjectGraph, objectGraphTensor } from '../../src/checkpoint/index.js';
import { decodeObjectGraph, encodeObjectGraph, type ObjectNode } from '../../src/checkpoint/object-graph.js';

const value = (path: string) => `${path}/.ATTRIBUTES/VARIABLE_VALUE`;
const ours = [
  'generator/head/kernel',
  'generator/head/bias',
  'discriminator/lstm/kernel',
  'discriminator/lstm/recurrent_kernel',
  'generator/head/kernel/.OPTIMIZER_SLOT/optimizer_g/m',
  'generator/head/kernel/.OPTIMIZER_SLOT/optimizer_g/v',
  'generator/head/bias/.OPTIMIZER_SLOT/optimizer_g/m',
  'generator/head/bias/.OPTIMIZER_SLOT/optimizer_g/v',
  'optimizer_g/iterations',
  'optimizer_g/learning_rate',
  'save_counter',
].map(value);

function graphOf(names: readonly string[]): ObjectNode[] {
  const [, { data }] = buildObjectGraph(names);
  return decodeObjectGraph((data as Uint8Array[])[0] as Uint8Array);
}

/** The key that is reached by names from the root. */
function reach(nodes: readonly ObjectNode[], path: string): string | undefined {
  const at = path.split('/').reduce((node, name) => nodes[node]?.children.get(name) ?? -1, 0);
  return nodes[at]?.key;
}

describe('buildObjectGraph', () => {
  const nodes = graphOf([...ours, value('_supervise/training_state'), 'no/value']);

  test('objects are found by their paths, and by those of Keras 3', () => {
    expect([...(nodes[0]?.children.keys() ?? [])]).toEqual([
      ...['generator', 'discriminator', 'optimizer_g', 'save_counter'],
    ]);
    for (const path of ['generator/head/kernel', 'generator/head/_kernel'])
      expect(reach(nodes, path)).toBe(value('generator/head/kernel'));
    expect(reach(nodes, 'discriminator/lstm/cell/recurrent_kernel')).toBe(value('discriminator/lstm/recurrent_kernel'));
    expect(reach(nodes, 'optimizer_g/_variables/0')).toBe(value('optimizer_g/iterations'));
    expect(reach(nodes, 'optimizer_g/_variables/4')).toBe(value('generator/head/bias/.OPTIMIZER_SLOT/optimizer_g/m'));
    expect(reach(nodes, 'optimizer_g/_velocities/1')).toBe(value('generator/head/bias/.OPTIMIZER_SLOT/optimizer_g/v'));
    expect(reach(nodes, 'optimizer_g/_trainable_variables/1')).toBe(value('generator/head/bias'));
  });

  test('it reads back as it was written', () => {
    expect(decodeObjectGraph(encodeObjectGraph(nodes))).toEqual(nodes);
  });
});

describe('followObjectGraph', () => {
  const follow = (nodes: readonly ObjectNode[], stored: readonly string[]) =>
    followObjectGraph({
      has: (name) => name === objectGraphTensor || stored.includes(name),
      read: () => ({ dtype: 'string', shape: [], data: [encodeObjectGraph(nodes)] }),
    });

  test('finds tensors that TensorFlow has stored under other names', () => {
    const renamed = ours.map((_, index) => value(`elsewhere/${index}`));
    const nodes = graphOf(ours).map((node) =>
      node.key === undefined ? node : { ...node, key: renamed[ours.indexOf(node.key)] as string },
    );
    const find = follow(nodes, renamed);
    expect(ours.map(find)).toEqual(renamed);
    const withoutReferences = follow(
      nodes.map((node) => ({ ...node, slots: [] })),
      renamed,
    );
    expect(ours.map(withoutReferences)).toEqual(renamed);
    expect(find(value('generator/tail/kernel'))).toBeUndefined();
    expect(find(value('generator/head'))).toBeUndefined();
    expect(find(value('discriminator/lstm/kernel/.OPTIMIZER_SLOT/optimizer_g/m'))).toBeUndefined();
  });

  test('names that are there need no graph, and a graph of an unknown kind is none', () => {
    const find = followObjectGraph({
      has: (name) => name === 'w' || name === objectGraphTensor,
      read: () => ({ dtype: 'string', shape: [], data: [Uint8Array.of(255)] }),
    });
    expect([find('w'), find(value('v'))]).toEqual(['w', undefined]);
  });
});
