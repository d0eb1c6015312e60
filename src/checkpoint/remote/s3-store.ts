import { AwsClient } from 'aws4fetch';
import { findCredentials, findEndpoint, findRegion } from './credentials.js';
import type { RemoteAddress, RemoteSettings } from './remote-address.js';
import { RemoteError } from './remote-error.js';
import type { PartSource, RemoteObject, RemoteStore } from './remote-store.js';
import { type RetryRules, withRetries } from './retry.js';
import { createS3Requests, md5Of, type S3Requests } from './s3-request.js';
import { fieldOf, fieldsOf } from './s3-xml.js';

type S3Address = Extract<RemoteAddress, { kind: 's3' }>;

/** Parts of one file that are under way at once: each is held in memory. */
const partsAtOnce = 3;

/**
 * A bucket of S3, of Google Cloud Storage by its S3-compatible interface, or of any store that speaks the same protocol.
 * Every body is sent with its MD5 and its SHA-256, so that the store refuses one that came otherwise than it was sent; where
 * the ETag of the answer is an MD5, it is compared too.
 * @throws RemoteError without credentials
 */
export function openS3Store(address: S3Address, settings: RemoteSettings, retries: RetryRules): RemoteStore {
  const credentials = findCredentials(settings);
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  const region = findRegion(settings);
  const base = baseUrl(address, findEndpoint(settings), region);
  const client = new AwsClient({
    ...{ accessKeyId, secretAccessKey, service: 's3', region, retries: 0 },
    ...(sessionToken !== undefined && { sessionToken }),
  });
  const requests = createS3Requests({ client, base, bucket: address.bucket, source: credentials.source });
  const { prefix } = address;
  const again = <Value>(work: () => Promise<Value>) => withRetries(retries, work);
  return {
    url: `${address.cloud}://${address.bucket}/${prefix}`,
    credentials: credentials.source,
    list: async (within) => {
      const objects: RemoteObject[] = [];
      for (let token: string | undefined = ''; token !== undefined; ) {
        const query: Record<string, string> = {
          'list-type': '2',
          prefix: `${prefix}${within}`,
          ...(token && { 'continuation-token': token }),
        };
        const text: string = await again(() => requests.text('GET', '', { query }));
        for (const entry of fieldsOf(text, 'Contents')) {
          const key = fieldOf(entry, 'Key') ?? '';
          if (key.startsWith(prefix))
            objects.push({ key: key.slice(prefix.length), size: Number(fieldOf(entry, 'Size')) });
        }
        token = fieldOf(text, 'IsTruncated') === 'true' ? fieldOf(text, 'NextContinuationToken') : undefined;
      }
      return objects;
    },
    put: async (key, source) => {
      if (source.size > source.partBytes) return putInParts(requests, `${prefix}${key}`, source, again);
      await again(async () => putBody(requests, `${prefix}${key}`, {}, await readOnly(source)));
    },
    read: (key, offset, length) =>
      again(async () => {
        if (length === 0) return new Uint8Array();
        const headers = { range: `bytes=${offset}-${offset + length - 1}` };
        const bytes = await requests.bytes('GET', `${prefix}${key}`, { headers });
        if (bytes.length === length) return bytes;
        throw new RemoteError(`${key}: ${bytes.length} bytes came, and ${length} were asked for`, { isPassing: true });
      }),
    remove: async (key) => {
      await again(() => requests.text('DELETE', `${prefix}${key}`, {}));
    },
  };
}

async function readOnly(source: PartSource): Promise<Uint8Array> {
  return source.size === 0 ? new Uint8Array() : source.read(0);
}

/** Returns the ETag. */
async function putBody(
  requests: S3Requests,
  key: string,
  query: Readonly<Record<string, string>>,
  body: Uint8Array,
): Promise<string> {
  const { headers } = await requests.send('PUT', key, { query, body });
  const tag = headers.get('etag') ?? '';
  const isMd5 = /^"?[0-9a-f]{32}"?$/.test(tag) && !(headers.get('x-amz-server-side-encryption') ?? '').includes('kms');
  if (isMd5 && !headers.has('x-amz-server-side-encryption-customer-algorithm') && !tag.includes(md5Of(body, 'hex')))
    throw new RemoteError(`${key}: the store has other bytes than were sent`, { isPassing: true });
  return tag;
}

/** An upload in parts counts only when it is completed; one that fails is taken back. */
async function putInParts(
  requests: S3Requests,
  key: string,
  source: PartSource,
  again: <Value>(work: () => Promise<Value>) => Promise<Value>,
): Promise<void> {
  const started = await again(() => requests.text('POST', key, { query: { uploads: '' } }));
  const uploadId = fieldOf(started, 'UploadId');
  if (uploadId === undefined) throw new RemoteError(`${key}: the store began no upload in parts`, { isPassing: false });
  try {
    const tags: string[] = [];
    const parts = Math.ceil(source.size / source.partBytes);
    let next = 0;
    let isOff = false;
    const work = async () => {
      while (next < parts && !isOff) {
        const part = next++;
        const query = { partNumber: String(part + 1), uploadId };
        tags[part] = await again(async () => putBody(requests, key, query, await source.read(part)));
      }
    };
    const stop = (error: unknown) => {
      isOff = true;
      throw error;
    };
    await Promise.all(Array.from({ length: Math.min(partsAtOnce, parts) }, () => work().catch(stop)));
    const list = tags.map((tag, part) => `<Part><PartNumber>${part + 1}</PartNumber><ETag>${tag}</ETag></Part>`);
    const body = Buffer.from(`<CompleteMultipartUpload>${list.join('')}</CompleteMultipartUpload>`);
    const answer = await again(() => requests.text('POST', key, { query: { uploadId }, body }));
    // This request alone may fail after it was answered 200.
    if (answer.includes('<Error>'))
      throw new RemoteError(`${key}: ${fieldOf(answer, 'Code')}: ${fieldOf(answer, 'Message')}`, { isPassing: true });
  } catch (error) {
    await requests.text('DELETE', key, { query: { uploadId } }).catch(() => undefined);
    throw error;
  }
}

/** Where the bucket answers. AWS wants it in the host's name, unless it has dots (which its certificate does not cover). */
function baseUrl({ cloud, bucket }: S3Address, endpoint: string | undefined, region: string): string {
  if (endpoint !== undefined) return `${endpoint.replace(/\/+$/, '')}/${bucket}/`;
  if (cloud === 'gs') return `https://storage.googleapis.com/${bucket}/`;
  const suffix = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  return bucket.includes('.')
    ? `https://s3.${region}.${suffix}/${bucket}/`
    : `https://${bucket}.s3.${region}.${suffix}/`;
}
