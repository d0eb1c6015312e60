import { randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { readFileBounded, writeFileAtomic } from '../../protocol/index.js';

/** File inside a checkpoint directory that says which training at a store it belongs to. A fresh start sets it aside. */
export const remoteRecordFile = '.remote.json';

/** What is known of a checkpoint directory's copies at a store. */
export interface RemoteRecord {
  /** Where the copies are: with another URL everything begins anew. */
  readonly url: string;
  readonly generation: string;
  /** Names of the latest that were pushed, by the files that they were made of: these need not be read again. */
  readonly pushed: Readonly<Record<string, string>>;
}

const keptPushed = 8;

/** Reads the record; a new one, of a training that begins now, where there is none of this store. */
export function readRemoteRecord(directory: string, url: string): RemoteRecord {
  try {
    const record = JSON.parse(
      readFileBounded(join(directory, remoteRecordFile)).toString('utf8'),
    ) as Partial<RemoteRecord> | null;
    const { generation, pushed } = record ?? {};
    if (record?.url === url && typeof generation === 'string' && /^[\w-]+$/.test(generation))
      return { url, generation, pushed: typeof pushed === 'object' && pushed !== null ? pushed : {} };
  } catch {
    // None, or none that can be read: the copies that are there stay there, and new ones are made.
  }
  return { url, generation: newGeneration(new Date()), pushed: {} };
}

export function writeRemoteRecord(directory: string, record: RemoteRecord): void {
  writeFileAtomic(join(directory, remoteRecordFile), JSON.stringify(record));
}

/** The same record, with one more that is known by its files. */
export function withPushed(record: RemoteRecord, fingerprint: string, name: string): RemoteRecord {
  const others = Object.entries(record.pushed).filter(([known]) => known !== fingerprint);
  return { ...record, pushed: Object.fromEntries([...others, [fingerprint, name]].slice(-keptPushed)) };
}

/** Tells files from others of the same names without reading them: a replaced one has another inode or time. */
export function fingerprintFiles(directory: string, files: readonly string[]): string {
  const facts = files.map((file) => {
    const { ino, size, mtimeMs } = statSync(join(directory, file));
    return `${file}:${ino}:${size}:${mtimeMs}`;
  });
  return facts.join('|');
}

function newGeneration(now: Date): string {
  const time = now.toISOString().replaceAll(/[:.]/g, '-');
  return `${time}-${randomBytes(4).toString('hex')}`;
}
