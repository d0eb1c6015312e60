import { createHash, randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findSignatureFault, type KeyPair } from './check-signature.js';

/** How a store behaves: as it is to be, not at all, late, or by refusing with 503 SlowDown. */
export type StoreMode = 'up' | 'down' | 'slow' | 'throttled';

/** A store on this machine that speaks as much of the protocol of S3 as uploads and restores need, and that can misbehave. */
export interface LoopbackStore {
  readonly endpoint: string;
  readonly keys: KeyPair;
  readonly setMode: (mode: StoreMode) => void;
  /** Requests that came in the present mode. */
  readonly requests: () => number;
  /** Keys of the objects that are there, sorted. */
  readonly objects: () => string[];
  readonly close: () => Promise<void>;
}

interface StoredObject {
  readonly file: string;
  readonly size: number;
  readonly tag: string;
}

interface Answer {
  readonly status: number;
  readonly body?: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

const slowMs = 1500;
const usualPageLength = 1000;

/** Opens a store with one bucket, of any name; its objects are files in `folder`. Signatures and checksums are checked. */
export async function openLoopbackStore(
  folder: string,
  { pageLength = usualPageLength }: { readonly pageLength?: number } = {},
): Promise<LoopbackStore> {
  mkdirSync(folder, { recursive: true });
  const keys = { accessKeyId: 'loopback', secretAccessKey: randomUUID() };
  const objects = new Map<string, StoredObject>();
  const uploads = new Map<string, Map<number, StoredObject>>();
  let mode: StoreMode = 'up';
  let requests = 0;

  const store = (bytes: Buffer): StoredObject => {
    const file = join(folder, randomUUID());
    writeFileSync(file, bytes);
    return { file, size: bytes.length, tag: createHash('md5').update(bytes).digest('hex') };
  };
  const drop = (object: StoredObject | undefined) => {
    if (object !== undefined) rmSync(object.file, { force: true });
  };
  const replace = (key: string, object: StoredObject) => {
    drop(objects.get(key));
    objects.set(key, object);
  };

  const answer = (method: string, key: string, query: URLSearchParams, body: Buffer, range?: string): Answer => {
    const uploadId = query.get('uploadId');
    const parts = uploadId === null ? undefined : uploads.get(uploadId);
    if (uploadId !== null && parts === undefined) return refuse(404, 'NoSuchUpload');
    if (method === 'GET' && key === '') return list(query);
    if (method === 'GET') return give(key, range);
    if (method === 'POST' && query.has('uploads')) {
      const id = randomUUID();
      uploads.set(id, new Map());
      return xml(`<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`);
    }
    if (method === 'PUT' && parts !== undefined) {
      const part = store(body);
      parts.set(Number(query.get('partNumber')), part);
      return { status: 200, headers: { etag: `"${part.tag}"` } };
    }
    if (method === 'POST' && parts !== undefined && uploadId !== null) {
      const ordered = [...parts].sort(([left], [right]) => left - right).map(([, part]) => part);
      const whole = store(Buffer.concat(ordered.map(({ file }) => readFileSync(file))));
      replace(key, { ...whole, tag: `${whole.tag}-${ordered.length}` });
      ordered.forEach(drop);
      uploads.delete(uploadId);
      return xml(`<CompleteMultipartUploadResult><ETag>"${whole.tag}"</ETag></CompleteMultipartUploadResult>`);
    }
    if (method === 'PUT') {
      const object = store(body);
      replace(key, object);
      return { status: 200, headers: { etag: `"${object.tag}"` } };
    }
    if (method !== 'DELETE') return refuse(405, 'MethodNotAllowed');
    if (parts !== undefined && uploadId !== null) {
      for (const part of parts.values()) drop(part);
      uploads.delete(uploadId);
    } else {
      drop(objects.get(key));
      objects.delete(key);
    }
    return { status: 204 };
  };

  const list = (query: URLSearchParams): Answer => {
    const prefix = query.get('prefix') ?? '';
    const after = query.get('continuation-token') ?? '';
    const all = [...objects.keys()].filter((key) => key.startsWith(prefix) && key > after).sort();
    const page = all.slice(0, pageLength);
    const isTruncated = all.length > page.length;
    const entries = page.map(
      (key) => `<Contents><Key>${escapeXml(key)}</Key><Size>${objects.get(key)?.size}</Size></Contents>`,
    );
    const token = isTruncated ? `<NextContinuationToken>${escapeXml(page.at(-1) ?? '')}</NextContinuationToken>` : '';
    return xml(
      `<ListBucketResult><IsTruncated>${isTruncated}</IsTruncated>${entries.join('')}${token}</ListBucketResult>`,
    );
  };

  const give = (key: string, range: string | undefined): Answer => {
    const object = objects.get(key);
    if (object === undefined) return refuse(404, 'NoSuchKey');
    const bytes = readFileSync(object.file);
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(range ?? '') ?? [];
    if (from === undefined) return { status: 200, body: bytes };
    if (Number(from) >= bytes.length) return refuse(416, 'InvalidRange');
    return { status: 206, body: bytes.subarray(Number(from), Number(to) + 1) };
  };

  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    requests++;
    if (mode === 'down') {
      request.socket.destroy();
      return;
    }
    const body = await readAll(request);
    if (mode === 'slow') await sleep(slowMs);
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://loopback');
    const key = decodeURIComponent(pathname.split('/').slice(2).join('/'));
    const fault = findSignatureFault(request, body, keys);
    const {
      status,
      body: content = '',
      headers = {},
    } = mode === 'throttled'
      ? { ...refuse(503, 'SlowDown'), headers: { 'retry-after': '1' } }
      : fault === undefined
        ? answer(request.method ?? '', key, searchParams, body, request.headers.range)
        : refuse(fault === 'BadDigest' || fault.startsWith('XAmz') ? 400 : 403, fault);
    response.writeHead(status, headers).end(content);
  };

  const server = createServer((request, response) => {
    serve(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((settle, fail) => server.once('error', fail).listen(0, '127.0.0.1', settle));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    keys,
    setMode: (next) => {
      mode = next;
      requests = 0;
    },
    requests: () => requests,
    objects: () => [...objects.keys()].sort(),
    close: () => {
      server.closeAllConnections();
      return new Promise((settle) => server.close(() => settle()));
    },
  };
}

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function xml(body: string): Answer {
  return { status: 200, body, headers: { 'content-type': 'application/xml' } };
}

function refuse(status: number, code: string): Answer {
  return { ...xml(`<Error><Code>${code}</Code><Message>the store refuses</Message></Error>`), status };
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
