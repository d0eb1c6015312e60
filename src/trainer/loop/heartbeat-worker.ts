import { type MessagePort, parentPort, receiveMessageOnPort } from 'node:worker_threads';
import { type HeartbeatOrder, writeHeartbeat } from './write-heartbeat.js';

/** The next heartbeat; undefined after the last one. */
export type HeartbeatMessage = HeartbeatOrder | undefined;

parentPort?.on('message', (first: HeartbeatMessage) => {
  const port = parentPort as MessagePort;
  // Of those that came while one was being written, only the last is told.
  const orders = [first, ...readWaiting(port)];
  const last = orders.findLast((order) => order !== undefined);
  if (last !== undefined) writeHeartbeat(last);
  if (orders.includes(undefined)) port.close();
});

function readWaiting(port: MessagePort): HeartbeatMessage[] {
  const next = receiveMessageOnPort(port) as { readonly message: HeartbeatMessage } | undefined;
  return next === undefined ? [] : [next.message, ...readWaiting(port)];
}
