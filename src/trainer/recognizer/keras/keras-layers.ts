import type { Hdf5File, TensorFile } from '../../../checkpoint/index.js';
import { valueSuffix } from '../../../checkpoint/index.js';

/** A weight of a layer of Keras: where in the layer it is, and the tensor that holds it. */
export interface KerasWeight {
  /** Path in the layer, such as `query_dense/0` or `gamma`. */
  readonly path: string;
  readonly tensor: string;
  readonly shape: readonly number[];
}

/** A layer with weights. */
export interface KerasLayer {
  readonly name: string;
  readonly weights: readonly KerasWeight[];
}

/**
 * The layers of a model that Keras has saved, those of each kind in the order of the model: from `.weights.h5` (Keras 2 and
 * 3), the older `.h5`, or a TensorFlow checkpoint of the model. Empty for anything else.
 */
export function readKerasLayers(file: TensorFile): KerasLayer[] {
  return readLegacyLayers(file) ?? groupLayers(file, locateInStore) ?? groupLayers(file, locateInCheckpoint) ?? [];
}

type Locate = (name: string) => { readonly layer: string; readonly path: string } | undefined;

/** `layers/conv2d_1/vars/0`, `layers/multi_head_attention/query_dense/vars/0`: numbered by kind, in the order of the model. */
const locateInStore: Locate = (name) => {
  const match = /^(?:[^/]*layer[^/]*|_operations)\/([^/]+)\/(?:(.*)\/)?vars\/(\d+)$/.exec(name);
  return match === null ? undefined : { layer: match[1] ?? '', path: `${match[2] ?? ''}/${match[3]}` };
};

/** `…/layer_with_weights-3/kernel` (Keras 2), `…/_operations/3/_kernel` (Keras 3): numbered in the order of the model. */
const locateInCheckpoint: Locate = (name) => {
  if (!name.endsWith(valueSuffix) || name.includes('.OPTIMIZER_SLOT')) return undefined;
  const match = /(?:layer_with_weights-|_operations\/|layers\/)(\d+)\/(.+)$/.exec(name.slice(0, -valueSuffix.length));
  return match === null ? undefined : { layer: match[1] ?? '', path: match[2] ?? '' };
};

function groupLayers(file: TensorFile, locate: Locate): KerasLayer[] | undefined {
  const layers = new Map<string, KerasWeight[]>();
  for (const tensor of file.names) {
    const place = locate(tensor);
    if (place === undefined) continue;
    const weight = { path: place.path, tensor, shape: shapeOf(file, tensor) };
    layers.set(place.layer, [...(layers.get(place.layer) ?? []), weight]);
  }
  const order = new Intl.Collator('en', { numeric: true }).compare;
  const sorted = [...layers].toSorted(([left], [right]) => order(left, right));
  return sorted.length === 0 ? undefined : sorted.map(([name, weights]) => ({ name, weights }));
}

/** The older format: attributes say which layers there are, and which weights each has, in order. */
function readLegacyLayers(file: TensorFile): KerasLayer[] | undefined {
  if (!isHdf5File(file)) return undefined;
  for (const root of ['', 'model_weights']) {
    const names = listOf(file, root, 'layer_names');
    if (names === undefined) continue;
    return names.map((name) => {
      const group = root === '' ? name : `${root}/${name}`;
      const weights = (listOf(file, group, 'weight_names') ?? []).map((weight) => {
        const tensor = `${group}/${weight}`;
        return { path: weight.replace(/^[^/]*\//, '').replace(/:\d+$/, ''), tensor, shape: shapeOf(file, tensor) };
      });
      return { name, weights };
    });
  }
  return undefined;
}

/** A list among the attributes of a group; a long one is cut into `name0`, `name1`, … */
function listOf(file: Hdf5File, group: string, name: string): readonly string[] | undefined {
  const attributes = file.attributes(group);
  const whole = attributes.get(name);
  if (whole !== undefined) return whole;
  const parts: string[] = [];
  for (let index = 0; attributes.has(`${name}${index}`); index++)
    parts.push(...(attributes.get(`${name}${index}`) ?? []));
  return parts.length === 0 ? undefined : parts;
}

function isHdf5File(file: TensorFile): file is Hdf5File {
  return 'attributes' in file;
}

function shapeOf({ entries }: TensorFile, tensor: string): readonly number[] {
  return entries.get(tensor)?.shape ?? [];
}
