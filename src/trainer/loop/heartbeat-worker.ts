import { type MessagePort, parentPort, receiveMessageOnPort } from 'node:worker_threads';
import { writeFileAtomic } from '../../protocol/index.js';

/** One heartbeat, as it is to be in its file. */
export interface HeartbeatOrder {
  readonly path: string;
  readonly text: string;
}

/** The next heartbeat; undefined after the last one. */
export type HeartbeatMessage = HeartbeatOrder | undefined;

parentPort?.on('message', (first: HeartbeatMessage) => {
  const port = parentPort as MessagePort;
  // Of those that came while one was being written, only the last is told.
  const orders = [first, ...readWaiting(port)];
  const last = orders.findLast((order) => order !== undefined);
  if (last !== undefined) write(last);
  if (orders.includes(undefined)) port.close();
});

function readWaiting(port: MessagePort): HeartbeatMessage[] {
  const next = receiveMessageOnPort(port) as { readonly message: HeartbeatMessage } | undefined;
  return next === undefined ? [] : [next.message, ...readWaiting(port)];
}

function write({ path, text }: HeartbeatOrder): void {
  try {
    writeFileAtomic(path, text, { durable: false });
  } catch {
    // A full disk is reported where it matters: by the checkpoint that cannot be written.
  }
}
