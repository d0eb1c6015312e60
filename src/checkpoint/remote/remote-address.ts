import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SuperviseError } from '../../protocol/index.js';

/** What an experiment says of its remote store. */
export interface RemoteSettings {
  /** `s3://bucket/prefix`, `gs://bucket/prefix` or `file:///folder`. */
  readonly url: string;
  /** Where an S3-compatible store answers, such as `http://minio:9000`. */
  readonly endpoint?: string | undefined;
  readonly region?: string | undefined;
  /** Section of `~/.aws/credentials`. */
  readonly profile?: string | undefined;
}

/** A store, by what it speaks. `prefix` ends with a slash, or is empty. */
export type RemoteAddress =
  | { readonly kind: 's3'; readonly cloud: 's3' | 'gs'; readonly bucket: string; readonly prefix: string }
  | { readonly kind: 'file'; readonly folder: string };

const hint = 's3://bucket/prefix, gs://bucket/prefix or file:///folder';

/** Reads the URL of a store. @throws CONFIG_INVALID */
export function parseRemoteUrl(url: string): RemoteAddress {
  const wrong = (what: string) =>
    new SuperviseError('CONFIG_INVALID', { what, where: 'checkpoints.remote.url', expected: hint });
  if (/^file:/.test(url)) {
    try {
      return { kind: 'file', folder: resolve(fileURLToPath(url)) };
    } catch (error) {
      throw wrong(`${url} is no folder of this machine (${(error as Error).message})`);
    }
  }
  const match = /^(s3|gs):\/\/([^/@?#]+)(?:\/([^?#]*))?$/.exec(url);
  const [, cloud, bucket, path = ''] = match ?? [];
  if (cloud === undefined || bucket === undefined) throw wrong(`${url} is not the URL of a store`);
  const prefix = path.split('/').filter((part) => part !== '');
  if (prefix.some((part) => part === '.' || part === '..')) throw wrong(`${url} has . or .. in it`);
  return { kind: 's3', cloud: cloud as 's3' | 'gs', bucket, prefix: prefix.map((part) => `${part}/`).join('') };
}
