import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { findSignatureFault } from '../../src/chaos/store/check-signature.js';

/** The examples of "Authenticating Requests" in the reference of Amazon S3, with the signatures that it gives. */
const keys = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' };
const examples = [
  ['/test.txt', { range: 'bytes=0-9' }, 'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41'],
  ['/?lifecycle', {}, 'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543'],
  ['/?max-keys=2&prefix=J', {}, '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7'],
] as const;

function request(url: string, more: object, signature: string): IncomingMessage {
  const signed = ['host', ...Object.keys(more), 'x-amz-content-sha256', 'x-amz-date'].join(';');
  const scope = `${keys.accessKeyId}/20130524/us-east-1/s3/aws4_request`;
  const headers = {
    ...{ host: 'examplebucket.s3.amazonaws.com', 'x-amz-date': '20130524T000000Z', ...more },
    'x-amz-content-sha256': 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    authorization: `AWS4-HMAC-SHA256 Credential=${scope},SignedHeaders=${signed},Signature=${signature}`,
  };
  return { method: 'GET', url, headers } as unknown as IncomingMessage;
}

describe('the store of the campaigns', () => {
  it.each(examples)('takes the published signature of GET %s, and no other', (url, more, signature) => {
    expect(findSignatureFault(request(url, more, signature), Buffer.alloc(0), keys)).toBeUndefined();
    const other = signature.replace(/^./, (digit) => (digit === '0' ? '1' : '0'));
    expect(findSignatureFault(request(url, more, other), Buffer.alloc(0), keys)).toBe('SignatureDoesNotMatch');
    const foreign = { ...keys, accessKeyId: 'somebody' };
    expect(findSignatureFault(request(url, more, signature), Buffer.alloc(0), foreign)).toBe('InvalidAccessKeyId');
    expect(findSignatureFault(request(url, more, signature), Buffer.from('x'), keys)).toBe('XAmzContentSHA256Mismatch');
  });
});
