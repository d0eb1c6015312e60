import { SuperviseError, systemErrorCode } from '../../protocol/index.js';
import { isHdf5, verifyHdf5 } from '../foreign/hdf5.js';
import { openReader, type PositionedReader, readUint64, viewOf } from '../foreign/positioned-reader.js';
import type { TensorFile } from '../tensor-info.js';
import { readAttributes } from './attributes.js';
import { type Dataset, describeDataset, readDataset } from './dataset.js';
import { listLinks } from './group.js';
import { readMessages } from './object-header.js';

/** An open HDF5 file as Keras and h5py write it. */
export interface Hdf5File extends TensorFile {
  /** Lists of strings among the attributes of a group, such as `layer_names`, by name; the root group is "". */
  readonly attributes: (group: string) => ReadonlyMap<string, readonly string[]>;
}

const mostObjects = 1_000_000;
const deepestGroup = 64;

/**
 * Opens an HDF5 file (HDF5 file format specification 3.0; the parts that h5py writes by default, and compressed chunks): every
 * dataset is a tensor, named by its path. Nothing but the headers is read before a tensor is asked for.
 * @throws CHECKPOINT_MISSING, CHECKPOINT_CORRUPT
 */
export function openHdf5(path: string): Hdf5File {
  const reader = openFile(path);
  const guard = <Result>(read: () => Result): Result => {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw new SuperviseError('CHECKPOINT_CORRUPT', { what: error.message, where: path }, { cause: error });
    }
  };
  try {
    const { datasets, groups } = guard(() => {
      verifyHdf5(reader);
      return walk(reader, rootHeader(reader));
    });
    return describeFile(path, reader, datasets, groups, guard);
  } catch (error) {
    reader.close();
    throw error;
  }
}

type Guard = <Result>(read: () => Result) => Result;

function describeFile(
  path: string,
  reader: PositionedReader,
  entries: ReadonlyMap<string, Dataset>,
  groups: ReadonlyMap<string, number>,
  guard: Guard,
): Hdf5File {
  const find = (name: string): Dataset => {
    const entry = entries.get(name);
    if (entry !== undefined) return entry;
    throw new SuperviseError('CHECKPOINT_MISMATCH', { what: `there is no tensor ${name}`, where: path });
  };
  const read: TensorFile['read'] = (name) => {
    const dataset = find(name);
    return { dtype: dataset.dtype, shape: dataset.shape, data: guard(() => readDataset(reader, name, dataset)) };
  };
  return {
    path,
    names: [...entries.keys()],
    entries,
    has: (name) => entries.has(name),
    read,
    readChunks: function* (name) {
      yield read(name).data as Uint8Array;
    },
    attributes: (group) => {
      const address = groups.get(group);
      return address === undefined ? new Map() : guard(() => readAttributes(reader, readMessages(reader, address)));
    },
    close: reader.close,
  };
}

/** Follows every hard link from the root. An object that several paths lead to counts once for each group. */
function walk(reader: PositionedReader, root: number) {
  const datasets = new Map<string, Dataset>();
  const groups = new Map<string, number>();
  const open: { path: string; address: number; depth: number }[] = [{ path: '', address: root, depth: 0 }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { path, address, depth } = next;
    if (depth > deepestGroup || datasets.size + groups.size > mostObjects)
      throw new RangeError('its groups contain each other');
    const messages = readMessages(reader, address);
    const dataset = describeDataset(messages);
    if (dataset !== undefined) {
      datasets.set(path, dataset);
      continue;
    }
    groups.set(path, address);
    for (const [name, child] of listLinks(reader, messages))
      open.push({ path: path === '' ? name : `${path}/${name}`, address: child, depth: depth + 1 });
  }
  return { datasets: new Map([...datasets].toSorted(([left], [right]) => (left < right ? -1 : 1))), groups };
}

/** Address of the root group's object header, from the superblock (specification II.A). */
function rootHeader(reader: PositionedReader): number {
  const head = reader.read(0, Math.min(96, reader.size));
  if (!isHdf5(head)) throw new RangeError('it has a user block, which is not read');
  const view = viewOf(head);
  const version = view.getUint8(8);
  if (view.getUint8(version < 2 ? 13 : 9) !== 8) throw new RangeError('its addresses do not have 8 bytes');
  // Versions 0 and 1 hold an entry of a symbol table, whose second field it is.
  return readUint64(view, version === 0 ? 64 : version === 1 ? 68 : 36);
}

function openFile(path: string): PositionedReader {
  try {
    return openReader(path);
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw error;
    throw new SuperviseError('CHECKPOINT_MISSING', { what: 'there is no such file', where: path }, { cause: error });
  }
}
