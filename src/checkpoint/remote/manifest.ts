import { checksum } from '../crc.js';
import type { CheckpointName } from '../retention-policy.js';
import type { RemoteObject } from './remote-store.js';

/** One file of a checkpoint at a store; `path` is relative to the checkpoint directory, with slashes. */
export interface RemoteFile {
  readonly path: string;
  readonly size: number;
  readonly crc32c: number;
}

/** What is put last: with it, and not before, a checkpoint at a store counts. */
export interface Manifest {
  readonly format_version: 1;
  /** Completed epochs, and steps of the next one. */
  readonly epoch: number;
  readonly step: number;
  /** Whether the files are a checkpoint of TensorFlow's format, which has a state file beside it. */
  readonly is_bundle: boolean;
  /** As `epoch_info.json` names it, relative to the checkpoint directory; none where a trainer names none. */
  readonly checkpoint?: string | undefined;
  readonly pushed_at: string;
  readonly files: readonly RemoteFile[];
  /** The trainer's own record, as it wrote it. */
  readonly epoch_info: Readonly<Record<string, unknown>>;
}

/** A checkpoint that was committed at a store, as its marker's key tells it. `name` is that of the folder of its files. */
export interface RemoteCheckpoint extends CheckpointName {
  /** One training from its beginning; a fresh start is another one. Sorts by the time it began. */
  readonly generation: string;
  /** Grows with every commit. */
  readonly sequence: number;
  readonly key: string;
  readonly size: number;
}

/** Where things of one run lie at a store. */
export function remoteLayout(run: string) {
  return {
    markers: `${run}/committed/`,
    markersOf: (generation: string) => `${run}/committed/${generation}/`,
    marker: (generation: string, sequence: number, name: string) =>
      `${run}/committed/${generation}/n${pad(sequence, 9)}-${name}.json`,
    filesOf: (generation: string) => `${run}/files/${generation}/`,
    file: (generation: string, name: string, path: string) => `${run}/files/${generation}/${name}/${path}`,
  };
}

/** The name of a checkpoint's folder: the same content has the same one, and another content another one. */
export function remoteName({ epoch, step }: Pick<Manifest, 'epoch' | 'step'>, files: readonly RemoteFile[]): string {
  const lines = files.map(({ path, size, crc32c }) => `${path} ${size} ${crc32c}\n`);
  const sum = checksum(Buffer.from(lines.join('')))
    .toString(16)
    .padStart(8, '0');
  return `e${pad(epoch, 9)}-s${pad(step, 9)}-${sum}`;
}

/** Reads the keys of markers; what is none is left out. The latest commit of each generation comes last. */
export function parseMarkerKeys(objects: readonly RemoteObject[]): RemoteCheckpoint[] {
  const found = objects.flatMap(({ key, size }) => {
    const match = /\/committed\/([\w-]+)\/n(\d{9,12})-(e(\d{9,12})-s(\d{9,12})-[0-9a-f]{8})\.json$/.exec(key);
    if (match === null) return [];
    const [, generation = '', sequence, name = '', epoch, step] = match;
    return [{ key, size, generation, name, sequence: Number(sequence), epoch: Number(epoch), step: Number(step) }];
  });
  return found.sort((left, right) =>
    left.generation === right.generation ? left.sequence - right.sequence : left.generation < right.generation ? -1 : 1,
  );
}

/** A marker: one line of JSON, and its CRC32C in the next. */
export function formatManifest(manifest: Manifest): Buffer {
  const line = Buffer.from(JSON.stringify(manifest));
  return Buffer.from(`${line.toString()}\n${checksum(line).toString(16)}\n`);
}

/** Reads a marker; the text says why it is none. Paths that lead out of the checkpoint directory are refused. */
export function parseManifest(text: string): Manifest | string {
  const [line = '', sum] = text.split('\n');
  if (checksum(Buffer.from(line)).toString(16) !== sum) return 'its marker does not match its checksum';
  try {
    const manifest = JSON.parse(line) as Manifest;
    if (manifest.format_version !== 1) return `its marker is of version ${manifest.format_version}, and this knows 1`;
    const wrong = manifest.files.find(({ path }) => !isInside(path));
    return wrong === undefined ? manifest : `its marker names ${wrong.path}, which is no place for a checkpoint`;
  } catch (error) {
    return `its marker is no JSON (${(error as Error).message})`;
  }
}

function isInside(path: unknown): boolean {
  return (
    typeof path === 'string' &&
    path !== '' &&
    !/[\\\0]/.test(path) &&
    path.split('/').every((part) => part !== '' && part !== '.' && part !== '..')
  );
}

function pad(number: number, digits: number): string {
  return String(number).padStart(digits, '0');
}
