import { PbfWriter } from 'pbf';

/** Value of a node's attribute. Shapes have −1 for lengths that are not known. */
export type AttributeValue =
  | { readonly kind: 'type' | 'int' | 'float'; readonly value: number }
  | { readonly kind: 'bool'; readonly value: boolean }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'strings'; readonly value: readonly string[] }
  | { readonly kind: 'shapes'; readonly value: readonly (readonly number[])[] }
  | { readonly kind: 'shape' | 'types' | 'ints' | 'floats' | 'bools'; readonly value: readonly (number | boolean)[] }
  | { readonly kind: 'tensor'; readonly value: TensorValue };

/** A constant; `type` is TensorFlow's number of the dtype, `bytes` are the values, little-endian. */
export interface TensorValue {
  readonly type: number;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

/** One operation. Inputs are `node:output`, or `^node` to run after a node. */
export interface GraphNode {
  readonly name: string;
  readonly op: string;
  readonly inputs: readonly string[];
  readonly attributes: Readonly<Record<string, AttributeValue>>;
}

/** A version of TensorFlow's graph format that all of TensorFlow 2 reads. */
const producer = 1_087;

/** Serializes nodes as the file `saved_model.pb` of a SavedModel with the tag `serve` (tensorflow/core/protobuf/saved_model.proto). */
export function encodeSavedModel(nodes: readonly GraphNode[]): Uint8Array {
  const writer = new PbfWriter();
  writer.writeVarintField(1, 1);
  writer.writeMessage(2, writeMetaGraph, nodes);
  return writer.finish();
}

function writeMetaGraph(nodes: readonly GraphNode[], writer: PbfWriter): void {
  writer.writeMessage(1, (tag: string, info: PbfWriter) => info.writeStringField(4, tag), 'serve');
  writer.writeMessage(2, writeGraph, nodes);
}

function writeGraph(nodes: readonly GraphNode[], writer: PbfWriter): void {
  for (const node of nodes) writer.writeMessage(1, writeNode, node);
  writer.writeMessage(4, (version: number, versions: PbfWriter) => versions.writeVarintField(1, version), producer);
}

function writeNode({ name, op, inputs, attributes }: GraphNode, writer: PbfWriter): void {
  writer.writeStringField(1, name);
  writer.writeStringField(2, op);
  // Control inputs come last.
  for (const input of inputs.toSorted((a, b) => Number(a.startsWith('^')) - Number(b.startsWith('^'))))
    writer.writeStringField(3, input);
  for (const entry of Object.entries(attributes)) writer.writeMessage(5, writeAttribute, entry);
}

function writeAttribute([name, value]: [string, AttributeValue], writer: PbfWriter): void {
  writer.writeStringField(1, name);
  writer.writeMessage(2, writeValue, value);
}

function writeValue(attribute: AttributeValue, writer: PbfWriter): void {
  const { kind, value } = attribute;
  if (kind === 'string') writer.writeStringField(2, value);
  else if (kind === 'int') writer.writeVarintField(3, value);
  else if (kind === 'float') writer.writeFloatField(4, value);
  else if (kind === 'bool') writer.writeBooleanField(5, value);
  else if (kind === 'type') writer.writeVarintField(6, value);
  else if (kind === 'shape') writer.writeMessage(7, writeShape, value as number[]);
  else if (kind === 'tensor') writer.writeMessage(8, writeTensor, value);
  else writer.writeMessage(1, listWriters[kind] as (values: unknown, list: PbfWriter) => void, value);
}

const listWriters = {
  strings: (values: string[], writer: PbfWriter) => {
    for (const value of values) writer.writeStringField(2, value);
  },
  shapes: (shapes: number[][], writer: PbfWriter) => {
    for (const shape of shapes) writer.writeMessage(7, writeShape, shape);
  },
  types: (values: number[], writer: PbfWriter) => writer.writePackedVarint(6, values),
  ints: (values: number[], writer: PbfWriter) => writer.writePackedVarint(3, values),
  floats: (values: number[], writer: PbfWriter) => writer.writePackedFloat(4, values),
  bools: (values: number[], writer: PbfWriter) => writer.writePackedBoolean(5, values.map(Boolean)),
} as const;

function writeShape(lengths: readonly number[], writer: PbfWriter): void {
  for (const length of lengths)
    writer.writeMessage(2, (size: number, dimension: PbfWriter) => dimension.writeVarintField(1, size), length);
}

function writeTensor({ type, shape, bytes }: TensorValue, writer: PbfWriter): void {
  writer.writeVarintField(1, type);
  writer.writeMessage(2, writeShape, shape);
  writer.writeBytesField(4, bytes);
}
