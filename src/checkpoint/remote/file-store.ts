import { mkdir, open, readdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fsyncDirectory, systemErrorCode } from '../../protocol/index.js';
import { RemoteError } from './remote-error.js';
import type { PartSource, RemoteObject, RemoteStore } from './remote-store.js';

const temporary = '.part';

/**
 * A folder, say of a NAS, as a store. It has to be there: in the place of one that is not mounted nothing is made, for that
 * would fill the disk below it.
 */
export function openFileStore(folder: string): RemoteStore {
  const guarded = async <Value>(work: () => Promise<Value>): Promise<Value> => {
    try {
      await stat(folder);
      return await work();
    } catch (error) {
      if (error instanceof RemoteError) throw error;
      throw describeError(folder, error);
    }
  };
  const pathOf = (key: string) => join(folder, ...key.split('/'));
  return {
    url: `file://${folder}`,
    credentials: undefined,
    list: (prefix) => guarded(() => listBelow(folder, prefix)),
    put: (key, source) => guarded(() => write(pathOf(key), source)),
    read: (key, offset, length) => guarded(() => readPart(pathOf(key), offset, length)),
    remove: (key) =>
      guarded(async () => {
        await rm(pathOf(key), { force: true });
        await removeEmptyFolders(dirname(pathOf(key)), folder);
      }),
  };
}

async function listBelow(folder: string, prefix: string): Promise<RemoteObject[]> {
  const start = join(folder, prefix.slice(0, prefix.lastIndexOf('/') + 1));
  const entries = await readdir(start, { recursive: true, withFileTypes: true }).catch((error: unknown) => {
    if (systemErrorCode(error) === 'ENOENT') return [];
    throw error;
  });
  const objects: RemoteObject[] = [];
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name);
    const key = relative(folder, path).split('\\').join('/');
    if (!entry.isFile() || key.endsWith(temporary) || !key.startsWith(prefix)) continue;
    objects.push({ key, size: (await stat(path)).size });
  }
  return objects.sort((left, right) => (left.key < right.key ? -1 : 1));
}

async function write(path: string, { size, partBytes, read }: PartSource): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const partial = `${path}.${process.pid}${temporary}`;
  try {
    const file = await open(partial, 'w', 0o644);
    try {
      for (let part = 0; part * partBytes < size; part++) await file.writeFile(await read(part));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(partial, path);
    fsyncDirectory(dirname(path));
  } catch (error) {
    await rm(partial, { force: true }).catch(() => undefined);
    throw error;
  }
}

async function readPart(path: string, offset: number, length: number): Promise<Uint8Array> {
  const file = await open(path, 'r');
  try {
    const bytes = Buffer.alloc(length);
    const { bytesRead } = await file.read(bytes, 0, length, offset);
    return bytes.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

async function removeEmptyFolders(from: string, root: string): Promise<void> {
  for (let folder = from; folder.length > root.length; folder = dirname(folder))
    if (!(await rmdir(folder).then(always, never))) return;
}

const always = () => true;
const never = () => false;

function describeError(folder: string, error: unknown): RemoteError {
  const code = systemErrorCode(error);
  const isThere = code !== 'ENOENT' && code !== 'ENOTDIR';
  return new RemoteError(`${folder}: ${(error as Error).message}`, {
    isPassing: true,
    cause: error,
    fix: isThere ? 'see that it is writable and has room' : 'mount it, or make the folder',
  });
}
