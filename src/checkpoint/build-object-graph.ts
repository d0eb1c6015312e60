import type { TensorData } from './bundle-types.js';
import {
  encodeObjectGraph,
  type ObjectNode,
  objectGraphTensor,
  type SlotReference,
  valueSuffix,
} from './object-graph.js';

interface GrowingNode extends ObjectNode {
  readonly children: Map<string, number>;
  key?: string;
  readonly slots: SlotReference[];
}

const slotFolder = '.OPTIMIZER_SLOT';

/** Keras 3 keeps these under a name with an underscore. */
const underscored = ['kernel', 'embeddings', 'iterations', 'learning_rate'];

/** How Keras 3 calls the lists of slots of its optimizers. */
const slotLists: Readonly<Record<string, string>> = { m: '_momentums', v: '_velocities', momentum: 'momentums' };

/**
 * The tensor that tells Python which object each value belongs to, so that `tf.train.Checkpoint(…).restore` finds them: from
 * tensor names `<object path>/.ATTRIBUTES/VARIABLE_VALUE`, in the order of the variables; others are left out. Slots
 * (`<path>/.OPTIMIZER_SLOT/<optimizer>/<slot>`) belong to their optimizer. Objects are found under the names of `tf.Module`
 * and under those of Keras 3, whose layers and optimizers have attributes with underscores and lists by number.
 */
export function buildObjectGraph(names: Iterable<string>): readonly [string, TensorData] {
  const nodes: GrowingNode[] = [emptyNode()];
  const slots: { path: string[]; optimizer: string; slot: string; key: string }[] = [];
  for (const key of names) {
    if (!key.endsWith(valueSuffix) || key.startsWith('_')) continue;
    const path = key.slice(0, -valueSuffix.length).split('/');
    const at = path.indexOf(slotFolder);
    if (at < 0) walk(nodes, path).key = key;
    else
      slots.push({ path: path.slice(0, at), optimizer: path[at + 1] ?? '', slot: path.slice(at + 2).join('/'), key });
  }
  for (const { path, optimizer, slot, key } of slots) addSlot(nodes, path, optimizer, slot, key);
  addKerasNames(nodes);
  return [objectGraphTensor, { dtype: 'string', shape: [], data: [encodeObjectGraph(nodes)] }];
}

function emptyNode(): GrowingNode {
  return { children: new Map(), slots: [] };
}

function addNode(nodes: GrowingNode[], node: GrowingNode): number {
  return nodes.push(node) - 1;
}

/** The node of a path; what is missing on the way is made. */
function walk(nodes: GrowingNode[], path: readonly string[]): GrowingNode {
  return nodes[walkTo(nodes, path)] as GrowingNode;
}

function walkTo(nodes: GrowingNode[], path: readonly string[], from = 0): number {
  return path.reduce((at, name) => {
    const { children } = nodes[at] as GrowingNode;
    const next = children.get(name) ?? addNode(nodes, emptyNode());
    children.set(name, next);
    return next;
  }, from);
}

function addSlot(nodes: GrowingNode[], path: string[], optimizer: string, slot: string, key: string): void {
  const original = walkTo(nodes, path);
  const owner = walkTo(nodes, [optimizer]);
  const node = addNode(nodes, { ...emptyNode(), key });
  nodes[owner]?.slots.push({ original, name: slot, slot: node });
}

function addKerasNames(nodes: GrowingNode[]): void {
  for (const node of [...nodes]) {
    const { children } = node;
    for (const name of underscored) {
      const child = children.get(name);
      if (child !== undefined) children.set(`_${name}`, child);
    }
    // An LSTM of Keras has its variables in a cell.
    if (children.has('recurrent_kernel'))
      children.set('cell', addNode(nodes, { ...emptyNode(), children: new Map(children) }));
    if (node.slots.length > 0) addKerasLists(nodes, node);
  }
}

/** `_variables` is iterations, learning rate, and then all slots of the first variable, of the second, and so on. */
function addKerasLists(nodes: GrowingNode[], { children, slots }: GrowingNode): void {
  const lists = new Map<string, number[]>();
  const append = (list: string, node: number | undefined) => {
    if (node !== undefined) lists.set(list, [...(lists.get(list) ?? []), node]);
  };
  for (const name of ['_iterations', '_learning_rate']) append('_variables', children.get(name));
  for (const original of new Set(slots.map((slot) => slot.original))) append('_trainable_variables', original);
  for (const { name, slot } of slots) {
    append('_variables', slot);
    append(slotLists[name] ?? `_${name}`, slot);
  }
  for (const [list, items] of lists) {
    const entries = items.map((node, index) => [String(index), node] as const);
    children.set(list, addNode(nodes, { ...emptyNode(), children: new Map(entries) }));
  }
}
