import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { openLoopbackStore } from '../../../src/chaos/index.js';
import {
  findCredentials,
  openRemoteStore,
  RemoteError,
  type RemoteStore,
  tryStore,
} from '../../../src/checkpoint/remote/index.js';
import { sourceOf } from '../../../src/checkpoint/remote/remote-store.js';
import { findS3Server, makeFolder, setEnvironment, startS3Server, writeFiles } from './support.js';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const quick = { tries: 4, firstMs: 5, mostMs: 20 };
const s3Server = findS3Server();

function folderOf(): string {
  const { folder, remove } = makeFolder();
  cleanups.push(remove);
  return folder;
}

async function openOnLoopback(keys?: { accessKeyId: string; secretAccessKey: string }, pageLength = 1000) {
  const server = await openLoopbackStore(folderOf(), { pageLength });
  cleanups.push(server.close);
  const { accessKeyId, secretAccessKey } = keys ?? server.keys;
  cleanups.push(setEnvironment({ AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey }));
  const store = await openRemoteStore({ url: 's3://bucket/some/prefix', endpoint: server.endpoint }, quick);
  return { server, store };
}

const stores: readonly (readonly [string, () => Promise<RemoteStore>])[] = [
  ['a folder', () => openRemoteStore({ url: `file://${folderOf()}` })],
  ['a store that checks signatures and checksums', async () => (await openOnLoopback()).store],
  ...(s3Server === undefined
    ? []
    : [
        [
          's3rver',
          async () => {
            const { endpoint, stop } = await startS3Server(s3Server, folderOf());
            cleanups.push(stop, setEnvironment({ AWS_ACCESS_KEY_ID: 'S3RVER', AWS_SECRET_ACCESS_KEY: 'S3RVER' }));
            return openRemoteStore({ url: 's3://bucket/prefix', endpoint }, quick);
          },
        ] as const,
      ]),
];

describe('a remote store', () => {
  it.each(stores)('of %s keeps objects by key, whole or not at all', async (_, open) => {
    const store = await open();
    const big = randomBytes(11 * 2 ** 20);
    const partBytes = 5 * 2 ** 20;
    const parts = {
      size: big.length,
      partBytes,
      read: async (part: number) => big.subarray(part * partBytes, (part + 1) * partBytes),
    };
    await store.put('run/files/big', parts);
    await store.put("run/files/ckpt 1+(ä)'.pt", sourceOf(Buffer.from('small')));
    await store.put('run/files/empty', sourceOf(Buffer.alloc(0)));
    await store.put('other/file', sourceOf(Buffer.from('x')));
    expect(await store.list('run/files/')).toEqual([
      { key: 'run/files/big', size: big.length },
      { key: "run/files/ckpt 1+(ä)'.pt", size: 5 },
      { key: 'run/files/empty', size: 0 },
    ]);
    expect(big.equals(await store.read('run/files/big', 0, big.length))).toBe(true);
    expect(big.subarray(7, 99).equals(await store.read('run/files/big', 7, 92))).toBe(true);
    expect(Buffer.from(await store.read("run/files/ckpt 1+(ä)'.pt", 0, 5)).toString()).toBe('small');
    await store.put('run/files/big', sourceOf(Buffer.from('other')));
    expect(Buffer.from(await store.read('run/files/big', 0, 5)).toString()).toBe('other');
    await store.remove('run/files/big');
    await store.remove('run/files/never-there');
    await expect(store.read('run/files/big', 0, 5)).rejects.toThrow(RemoteError);
    expect((await store.list('run/files/')).map(({ key }) => key)).not.toContain('run/files/big');
    expect(await tryStore(store, 'run')).toBeGreaterThan(0);
    expect(await store.list('run/preflight/')).toEqual([]);
  });

  it('leaves nothing of an upload in parts that fails in its middle', async () => {
    const { server, store } = await openOnLoopback();
    const failing = {
      ...{ size: 12 * 2 ** 20, partBytes: 5 * 2 ** 20 },
      read: async (part: number) => {
        if (part === 2) throw new RemoteError('the file was changed', { isPassing: false });
        return Buffer.alloc(5 * 2 ** 20);
      },
    };
    await expect(store.put('run/big', failing)).rejects.toThrow('the file was changed');
    expect(server.objects()).toEqual([]);
  });

  it('lists more than one page', async () => {
    const { store } = await openOnLoopback(undefined, 10);
    const keys = Array.from({ length: 33 }, (_, index) => `many/${String(index).padStart(5, '0')}`);
    await Promise.all(keys.map((key) => store.put(key, sourceOf(Buffer.from('x')))));
    expect((await store.list('many/')).map(({ key }) => key)).toEqual(keys);
  });

  it('tries again while it is throttled or down, and then says what to do', async () => {
    const { server, store } = await openOnLoopback();
    server.setMode('throttled');
    const putting = store.put('key', sourceOf(Buffer.from('x')));
    await expect.poll(() => server.requests()).toBeGreaterThan(0);
    server.setMode('up');
    await putting;
    server.setMode('down');
    await expect(store.list('')).rejects.toMatchObject({
      isPassing: true,
      message: expect.stringContaining('127.0.0.1'),
    });
    expect(server.requests()).toBe(quick.tries);
  });

  it('refuses wrong keys at once', async () => {
    const { server, store } = await openOnLoopback({ accessKeyId: 'loopback', secretAccessKey: 'wrong' });
    const refusal = { isPassing: false, status: 403, fix: expect.stringContaining('AWS_ACCESS_KEY_ID') };
    await expect(store.list('')).rejects.toMatchObject(refusal);
    expect(server.requests()).toBe(1);
  });

  it('of a folder that is not mounted makes nothing in its place', async () => {
    const folder = join(folderOf(), 'nas');
    const store = await openRemoteStore({ url: `file://${folder}` });
    const refusal = { isPassing: true, fix: expect.stringContaining('mount it') };
    await expect(store.put('run/file', sourceOf(Buffer.from('x')))).rejects.toMatchObject(refusal);
    expect(existsSync(folder)).toBe(false);
  });

  it('of a folder leaves no empty folders behind', async () => {
    const folder = folderOf();
    const store = await openRemoteStore({ url: `file://${folder}` });
    await store.put('a/b/c', sourceOf(Buffer.from('x')));
    await store.remove('a/b/c');
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('credentials', () => {
  const s3 = { url: 's3://bucket/x' };
  it('come from the environment, from a profile, and for Google from its own variables', () => {
    const HOME = folderOf();
    writeFiles(HOME, {
      '.aws/credentials':
        '[default]\naws_access_key_id = D\naws_secret_access_key = d\n\n[night]\naws_access_key_id=N\naws_secret_access_key=n=/+\naws_session_token=t\n',
    });
    const keys = { AWS_ACCESS_KEY_ID: 'E', AWS_SECRET_ACCESS_KEY: 'e' };
    const google = { GS_ACCESS_KEY_ID: 'G', GS_SECRET_ACCESS_KEY: 'g' };
    expect(findCredentials(s3, { HOME, ...keys, AWS_SESSION_TOKEN: 's' })).toMatchObject({
      accessKeyId: 'E',
      sessionToken: 's',
    });
    expect(findCredentials(s3, { HOME })).toMatchObject({ accessKeyId: 'D', secretAccessKey: 'd' });
    const night = { accessKeyId: 'N', secretAccessKey: 'n=/+', sessionToken: 't', source: 'profile [night]' };
    expect(findCredentials(s3, { HOME, AWS_PROFILE: 'night' })).toEqual(night);
    expect(findCredentials({ ...s3, profile: 'night' }, { HOME, ...keys })).toEqual(night);
    expect(findCredentials({ url: 'gs://bucket' }, { HOME, ...keys, ...google })).toMatchObject({ accessKeyId: 'G' });
  });

  it('that are missing are named', () => {
    const env = { HOME: folderOf(), AWS_PROFILE: 'nobody' };
    expect(() => findCredentials(s3, env)).toThrow(
      /AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY nor profile \[nobody\]/,
    );
  });
});
