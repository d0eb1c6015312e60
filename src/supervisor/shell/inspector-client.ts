import { randomBytes } from 'node:crypto';
import { get } from 'node:http';
import type { Duplex } from 'node:stream';

/** A connection to the inspector of a Node process. */
export interface InspectorClient {
  /** Calls a method of the DevTools protocol. @throws when it fails, or when the connection ends */
  readonly call: (method: string, params?: object) => Promise<Readonly<Record<string, unknown>>>;
  readonly close: () => void;
}

interface Waiting {
  readonly settle: (result: Readonly<Record<string, unknown>>) => void;
  readonly fail: (error: Error) => void;
}

/** Connects to `ws://127.0.0.1:9229/…`, as Node prints it. @throws when nobody answers */
export async function connectInspector(address: string, signal: AbortSignal): Promise<InspectorClient> {
  const socket = await upgrade(address, signal);
  const waiting = new Map<number, Waiting>();
  let received = Buffer.alloc(0);
  let last = 0;
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    for (let frame = readFrame(received); frame !== undefined; frame = readFrame(received)) {
      received = received.subarray(frame.length);
      if (frame.text !== undefined) answer(waiting, frame.text);
    }
  });
  const end = () => {
    for (const { fail } of waiting.values()) fail(new Error('the inspector has closed the connection'));
    waiting.clear();
  };
  socket.on('close', end).on('error', end);
  signal.addEventListener('abort', () => socket.destroy());
  return {
    call: (method, params = {}) =>
      new Promise((settle, fail) => {
        if (socket.destroyed) return fail(new Error('the inspector has closed the connection'));
        waiting.set(++last, { settle, fail });
        socket.write(writeFrame(JSON.stringify({ id: last, method, params })));
      }),
    close: () => socket.destroy(),
  };
}

function answer(waiting: Map<number, Waiting>, text: string): void {
  const { id, result, error } = JSON.parse(text);
  const one = waiting.get(id);
  waiting.delete(id);
  if (error === undefined) one?.settle(result);
  else one?.fail(new Error(error.message));
}

/** Source: RFC 6455, section 4. */
function upgrade(address: string, signal: AbortSignal): Promise<Duplex> {
  const { hostname, port, pathname } = new URL(address);
  const headers = {
    ...{ connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' },
    'sec-websocket-key': randomBytes(16).toString('base64'),
  };
  return new Promise((settle, fail) => {
    get({ host: hostname, port, path: pathname, headers, signal, agent: false })
      .on('upgrade', (_, socket) => settle(socket))
      .on('response', ({ statusCode }) => fail(new Error(`the inspector answers ${statusCode}`)))
      .on('error', fail);
  });
}

/** A text frame of a client, which is masked. Source: RFC 6455, section 5.2. */
function writeFrame(text: string): Buffer {
  const payload = Buffer.from(text);
  const mask = randomBytes(4);
  // What we send is short.
  const head = Buffer.from([0x81, 0x80 | 126, payload.length >> 8, payload.length & 0xff]);
  return Buffer.concat([head, mask, payload.map((byte, index) => byte ^ (mask[index % 4] ?? 0))]);
}

/** The first frame, when it is there whole; `text` is missing for what is no text. */
function readFrame(bytes: Buffer): { readonly length: number; readonly text?: string } | undefined {
  if (bytes.length < 2) return undefined;
  const short = bytes.readUInt8(1) & 0x7f;
  const head = short === 127 ? 10 : short === 126 ? 4 : 2;
  if (bytes.length < head) return undefined;
  const size = short === 127 ? Number(bytes.readBigUInt64BE(2)) : short === 126 ? bytes.readUInt16BE(2) : short;
  const length = head + size;
  if (bytes.length < length) return undefined;
  const isText = (bytes.readUInt8(0) & 0x0f) === 1;
  return isText ? { length, text: bytes.toString('utf8', head, length) } : { length };
}
