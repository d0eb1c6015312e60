import { createHash } from 'node:crypto';
import type { AwsClient } from 'aws4fetch';
import { RemoteError } from './remote-error.js';
import { fieldOf } from './s3-xml.js';

export interface S3RequestOptions {
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

/** Signed requests to one bucket, each tried once. `key` empty: the bucket itself. @throws RemoteError */
export interface S3Requests {
  readonly send: (method: string, key: string, options: S3RequestOptions) => Promise<Response>;
  readonly text: (method: string, key: string, options: S3RequestOptions) => Promise<string>;
  readonly bytes: (method: string, key: string, options: S3RequestOptions) => Promise<Uint8Array>;
}

/** What a request may take, and besides that for its bytes: slower than that is as good as down. */
const patienceMs = 30_000;
const leastBytesPerMs = 32;

export function createS3Requests(target: {
  readonly client: AwsClient;
  readonly base: string;
  readonly bucket: string;
  /** Where the credentials come from. */
  readonly source: string;
}): S3Requests {
  const { client, base } = target;
  /** An answer counts when it has come as a whole: a connection may break in its middle. */
  const exchange = async <Value>(
    method: string,
    key: string,
    { query = {}, headers = {}, body }: S3RequestOptions,
    take: (response: Response) => Promise<Value>,
  ): Promise<Value> => {
    const url = `${base}${key.split('/').map(encode).join('/')}${toQuery(query)}`;
    const sums =
      body === undefined ? {} : { 'content-md5': md5Of(body, 'base64'), 'x-amz-content-sha256': sha256(body) };
    const moved = body?.length ?? lengthOf(headers['range']);
    try {
      const signed = await client.sign(url, {
        ...{ method, headers: { ...headers, ...sums } },
        ...(body !== undefined && { body: body as Uint8Array<ArrayBuffer> }),
      });
      const response = await fetch(signed, {
        signal: AbortSignal.timeout(patienceMs + Math.ceil(moved / leastBytesPerMs)),
      });
      if (!response.ok) throw await describeRefusal(response, target, key);
      return await take(response);
    } catch (error) {
      // What `fetch` throws is a TypeError, or the end of the patience.
      const isBreak = error instanceof TypeError || (error as Error).name === 'TimeoutError';
      throw isBreak ? describeBreak(error, new URL(base).host) : error;
    }
  };
  const send = (method: string, key: string, options: S3RequestOptions) =>
    exchange(method, key, options, async (response) => {
      await response.arrayBuffer();
      return response;
    });
  return {
    send,
    text: (method, key, options) => exchange(method, key, options, (response) => response.text()),
    bytes: (method, key, options) =>
      exchange(method, key, options, async (response) => new Uint8Array(await response.arrayBuffer())),
  };
}

export function md5Of(bytes: Uint8Array, encoding: 'hex' | 'base64'): string {
  return createHash('md5').update(bytes).digest(encoding);
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Percent-encoding as signatures want it. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function toQuery(query: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(query).map(([name, value]) => `${encode(name)}=${encode(value)}`);
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
}

function lengthOf(range = ''): number {
  const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(range) ?? [];
  return Number(to ?? 0) - Number(from ?? 0);
}

const passing = new Set([408, 425, 429, 500, 502, 503, 504]);
const passingCodes = new Set(['SlowDown', 'RequestTimeout', 'InternalError', 'BadDigest', 'RequestTimeTooSkewed']);

async function describeRefusal(
  response: Response,
  { bucket, source, base }: { readonly bucket: string; readonly source: string; readonly base: string },
  key: string,
): Promise<RemoteError> {
  const { status, headers } = response;
  const text = await response.text().catch(() => '');
  const code = fieldOf(text, 'Code');
  const message = [code, fieldOf(text, 'Message')]
    .filter((part) => part !== undefined)
    .join(': ')
    .slice(0, 300);
  const region = headers.get('x-amz-bucket-region') ?? fieldOf(text, 'Region');
  const afterSecs = Number(headers.get('retry-after') ?? Number.NaN);
  return new RemoteError(`${new URL(base).host} answers ${status}${message === '' ? '' : ` (${message})`}`, {
    isPassing: passing.has(status) || (code !== undefined && passingCodes.has(code)),
    status,
    retryAfterMs: Number.isFinite(afterSecs) ? afterSecs * 1000 : undefined,
    fix: adviseOn(status, code, { bucket, source, region, key }),
  });
}

function adviseOn(
  status: number,
  code: string | undefined,
  { bucket, source, region, key }: { bucket: string; source: string; region: string | undefined; key: string },
): string | undefined {
  if (code === 'RequestTimeTooSkewed') return 'set the clock of this machine';
  if (code === 'NoSuchBucket' || (status === 404 && key === ''))
    return `make the bucket ${bucket}, or correct checkpoints.remote.url`;
  if (region && (status === 301 || status === 400 || status === 307))
    return `set checkpoints.remote.region to ${region}`;
  if (code === 'InvalidAccessKeyId' || code === 'SignatureDoesNotMatch' || code === 'ExpiredToken')
    return `correct or renew the credentials (from ${source})`;
  if (status === 403 || status === 401)
    return `allow the keys (from ${source}) to list, read, write and delete in ${bucket}`;
  return passing.has(status) ? 'nothing: it is tried again' : undefined;
}

/** `fetch` tells of the connection in the cause. */
function describeBreak(error: unknown, host: string): RemoteError {
  const { cause, name, message } = error as Error & { cause?: { code?: string; message?: string } };
  const why = name === 'TimeoutError' ? 'no answer in time' : (cause?.code ?? cause?.message ?? message);
  const fix = 'see that the network is there, and checkpoints.remote.endpoint is right';
  return new RemoteError(`${host} cannot be reached (${why})`, { isPassing: true, fix, cause: error });
}
