import { decodeObjectGraph, type ObjectNode, objectGraphTensor, valueSuffix } from './object-graph.js';
import type { Bundle } from './open-bundle.js';

/**
 * The names of a checkpoint's tensors by our names, whoever wrote it: a tensor that is not there under its name is looked for
 * by its object's path in the graph that TensorFlow stores (attributes of Keras 3 with underscores, cells of its LSTMs, slots
 * of its optimizers). Returns a function from our name to the stored one; undefined when there is none.
 */
export function followObjectGraph(bundle: Pick<Bundle, 'has' | 'read'>): (name: string) => string | undefined {
  let nodes: readonly ObjectNode[] | undefined;
  return (name) => {
    if (bundle.has(name)) return name;
    nodes ??= readGraph(bundle);
    const key = findKey(nodes, name);
    return key !== undefined && bundle.has(key) ? key : undefined;
  };
}

function readGraph(bundle: Pick<Bundle, 'has' | 'read'>): readonly ObjectNode[] {
  if (!bundle.has(objectGraphTensor)) return [];
  const { data } = bundle.read(objectGraphTensor);
  const [bytes] = data instanceof Uint8Array ? [data] : data;
  try {
    return decodeObjectGraph(bytes ?? new Uint8Array());
  } catch {
    // Its checksum is right, so it is of a kind that we do not know: names alone have to do.
    return [];
  }
}

function findKey(nodes: readonly ObjectNode[], name: string): string | undefined {
  if (!name.endsWith(valueSuffix)) return undefined;
  const path = name.slice(0, -valueSuffix.length);
  const [variable = '', slot] = path.split('/.OPTIMIZER_SLOT/');
  const node = slot === undefined ? findNode(nodes, variable) : findSlot(nodes, variable, slot);
  return node === undefined ? undefined : nodes[node]?.key;
}

function findNode(nodes: readonly ObjectNode[], path: string): number | undefined {
  let at: number | undefined = 0;
  for (const name of path.split('/')) {
    at = findChild(nodes, at, name) ?? findChild(nodes, findChild(nodes, at, 'cell'), name);
    if (at === undefined) return undefined;
  }
  return at;
}

function findChild(nodes: readonly ObjectNode[], at: number | undefined, name: string): number | undefined {
  if (at === undefined) return undefined;
  const children = nodes[at]?.children;
  return children?.get(name) ?? children?.get(`_${name}`);
}

/** `slot` is `<optimizer>/<slot name>`. */
function findSlot(nodes: readonly ObjectNode[], variable: string, slot: string): number | undefined {
  const [owner = '', name = ''] = slot.split('/');
  const original = findNode(nodes, variable);
  const optimizer = findNode(nodes, owner);
  if (original === undefined || optimizer === undefined) return undefined;
  const named = nodes[optimizer]?.slots.find((entry) => entry.original === original && entry.name === name);
  return named?.slot ?? findListed(nodes, optimizer, original, name);
}

/** Keras 3: slot lists that run beside the list of the variables. */
function findListed(
  nodes: readonly ObjectNode[],
  optimizer: number,
  original: number,
  name: string,
): number | undefined {
  const trained =
    nodes[findChild(nodes, optimizer, 'trainable_variables') ?? -1]?.children ?? new Map<string, number>();
  const place = [...trained].find(([, node]) => node === original)?.[0];
  const list = slotLists[name] === undefined ? undefined : findChild(nodes, optimizer, slotLists[name]);
  return place === undefined ? undefined : findChild(nodes, list, place);
}

/** Names of the lists, without underscore. */
const slotLists: Readonly<Record<string, string>> = { m: 'momentums', v: 'velocities', momentum: 'momentums' };
