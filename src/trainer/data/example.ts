import { PbfReader, PbfWriter } from 'pbf';

/** One feature of a `tf.train.Example`: a list of one of three kinds. Integers must be safe (up to 2⁵³). */
export type Feature =
  | { readonly kind: 'bytes'; readonly values: readonly Uint8Array[] }
  | { readonly kind: 'floats'; readonly values: readonly number[] }
  | { readonly kind: 'int64s'; readonly values: readonly number[] };

/** The features of an example by name. */
export type Features = ReadonlyMap<string, Feature>;

/**
 * Field numbers of tensorflow/core/example/{example,feature}.proto: Example.features 1, Features.feature (a map) 1 with key 1
 * and value 2, Feature.{bytes_list 1, float_list 2, int64_list 3}, each list's value 1.
 */
const listField = { bytes: 1, floats: 2, int64s: 3 } as const;

/** Serializes an example. */
export function encodeExample(features: Features): Uint8Array {
  const writer = new PbfWriter();
  writer.writeMessage(1, writeFeatures, features);
  return writer.finish();
}

/**
 * Parses an example. Byte values are views of `bytes`; unknown fields are skipped.
 * @throws Error when the bytes are no example
 */
export function decodeExample(bytes: Uint8Array): Features {
  const features = new Map<string, Feature>();
  const reader = new PbfReader(bytes);
  reader.readFields((tag, result) => {
    if (tag === 1) reader.readMessage(readFeatures, result);
  }, features);
  // The library reads past the end without a complaint.
  if (reader.pos !== bytes.length) throw new Error('the message ends early');
  return features;
}

function writeFeatures(features: Features, writer: PbfWriter): void {
  for (const entry of features) writer.writeMessage(1, writeEntry, entry);
}

function writeEntry([name, feature]: readonly [string, Feature], writer: PbfWriter): void {
  writer.writeStringField(1, name);
  writer.writeMessage(2, writeFeature, feature);
}

function writeFeature(feature: Feature, writer: PbfWriter): void {
  writer.writeMessage(listField[feature.kind], writeList, feature);
}

function writeList(feature: Feature, writer: PbfWriter): void {
  if (feature.kind === 'bytes') for (const value of feature.values) writer.writeBytesField(1, value);
  else if (feature.kind === 'floats') writer.writePackedFloat(1, [...feature.values]);
  else writer.writePackedVarint(1, [...feature.values]);
}

function readFeatures(tag: number, features: Map<string, Feature>, reader: PbfReader): void {
  if (tag !== 1) return;
  const entry: { name: string; feature?: Feature } = { name: '' };
  reader.readMessage(readEntry, entry);
  if (entry.feature !== undefined) features.set(entry.name, entry.feature);
}

function readEntry(tag: number, entry: { name: string; feature?: Feature }, reader: PbfReader): void {
  if (tag === 1) entry.name = reader.readString();
  else if (tag === 2) reader.readMessage(readFeature, entry);
}

function readFeature(tag: number, entry: { feature?: Feature }, reader: PbfReader): void {
  if (tag === listField.bytes) entry.feature = { kind: 'bytes', values: reader.readMessage(readBytesValue, []) };
  else if (tag === listField.floats) entry.feature = { kind: 'floats', values: reader.readMessage(readFloatValue, []) };
  else if (tag === listField.int64s) entry.feature = { kind: 'int64s', values: reader.readMessage(readIntValue, []) };
}

function readBytesValue(tag: number, values: Uint8Array[], reader: PbfReader): void {
  if (tag === 1) values.push(reader.readBytes());
}

function readFloatValue(tag: number, values: number[], reader: PbfReader): void {
  if (tag === 1) reader.readPackedFloat(values);
}

function readIntValue(tag: number, values: number[], reader: PbfReader): void {
  if (tag === 1) reader.readPackedVarint(values, true);
}
