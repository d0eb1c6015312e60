import { pushBytesField, pushVarintField, readFields } from './protobuf.js';

/** Suffix of the name under which an object's value is stored; before it stands the object's path. */
export const valueSuffix = '/.ATTRIBUTES/VARIABLE_VALUE';

/** Name of the string tensor that holds the graph. */
export const objectGraphTensor = '_CHECKPOINTABLE_OBJECT_GRAPH';

/** An object of a checkpoint: its named children by number, and where its value is (trackable_object_graph.proto). */
export interface ObjectNode {
  readonly children: ReadonlyMap<string, number>;
  /** Name of the tensor that holds its value. */
  readonly key?: string;
  /** Slots that this optimizer keeps for variables. */
  readonly slots: readonly SlotReference[];
}

/** A slot variable: node numbers of the variable it belongs to and of itself. */
export interface SlotReference {
  readonly original: number;
  readonly name: string;
  readonly slot: number;
}

/** Serializes a graph (`TrackableObjectGraph`); node 0 is the root. */
export function encodeObjectGraph(nodes: readonly ObjectNode[]): Uint8Array {
  const holdsValues = findValueHolders(nodes);
  const out: number[] = [];
  for (const [number, node] of nodes.entries()) pushBytesField(out, 1, encodeNode(node, holdsValues.has(number)));
  return Uint8Array.from(out);
}

/** Reads a graph. @throws RangeError when it is none */
export function decodeObjectGraph(bytes: Uint8Array): ObjectNode[] {
  return readFields(bytes)
    .filter(({ number }) => number === 1)
    .map(({ bytes: node }) => decodeNode(node ?? new Uint8Array()));
}

function encodeNode({ children, key, slots }: ObjectNode, holdsValues: boolean): number[] {
  const out: number[] = [];
  for (const [name, child] of children)
    pushBytesField(
      out,
      1,
      message((at) => pushVarintField(at, 1, child), [2, name]),
    );
  if (key !== undefined) {
    const fullName = key.slice(0, -valueSuffix.length);
    pushBytesField(
      out,
      2,
      message(() => undefined, [1, 'VARIABLE_VALUE'], [2, fullName], [3, key]),
    );
  }
  for (const { original, name, slot } of slots) {
    const reference = message((at) => pushVarintField(at, 1, original), [2, name]);
    pushVarintField(reference, 3, slot);
    pushBytesField(out, 3, reference);
  }
  pushBytesField(out, 5, holdsValues ? [0x08, 1] : []);
  return out;
}

function message(first: (out: number[]) => void, ...texts: (readonly [field: number, text: string])[]): number[] {
  const out: number[] = [];
  first(out);
  for (const [field, text] of texts) pushBytesField(out, field, Buffer.from(text));
  return out;
}

function decodeNode(bytes: Uint8Array): ObjectNode {
  const children = new Map<string, number>();
  const slots: SlotReference[] = [];
  let key: string | undefined;
  for (const field of readFields(bytes)) {
    if (field.bytes === undefined) continue;
    const { number, text } = readMessage(field.bytes);
    if (field.number === 1) children.set(text(2), number(1));
    if (field.number === 2 && text(1) === 'VARIABLE_VALUE') key = text(3);
    if (field.number === 3) slots.push({ original: number(1), name: text(2), slot: number(3) });
  }
  return { children, slots, ...(key !== undefined && { key }) };
}

function readMessage(bytes: Uint8Array) {
  const fields = readFields(bytes);
  return {
    number: (field: number) => fields.find(({ number }) => number === field)?.value ?? 0,
    text: (field: number) => Buffer.from(fields.find(({ number }) => number === field)?.bytes ?? []).toString(),
  };
}

/** Nodes below which there is a value: Python looks for no object for the others. */
function findValueHolders(nodes: readonly ObjectNode[]): Set<number> {
  const parents = nodes.map((): number[] => []);
  for (const [number, { children }] of nodes.entries())
    for (const child of children.values()) parents[child]?.push(number);
  const found = new Set<number>();
  const open = nodes.flatMap(({ key }, number) => (key === undefined ? [] : [number]));
  for (let number = open.pop(); number !== undefined; number = open.pop()) {
    if (found.has(number)) continue;
    found.add(number);
    open.push(...(parents[number] ?? []));
  }
  return found;
}
