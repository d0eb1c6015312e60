import { readFileSync, readlinkSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectInspector } from './inspector-client.js';
import { readProc } from './processes.js';
import { signalProcess } from './signal-process.js';

/** What is sampled of a Node process: where its main thread is, and the profile for Chrome's DevTools. */
export interface NodeSample {
  readonly stack: string;
  readonly profile: string;
}

const boundMs = 3000;
const sampleMs = 300;
const pollMs = 20;
/**
 * What a process runs that may not hang after all: it must not fail there. `require` is that of the inspector's console, which is
 * gone when the timer fires, and a module has none of its own.
 */
const closeLater = `((load) => {
  setTimeout(() => { try { load('node:inspector').close(); } catch {} }, 50).unref();
})(typeof require === 'function' ? require : process.getBuiltinModule)`;

/**
 * Samples the main thread of a Node process by its own profiler, which also looks into a loop that never comes back. SIGUSR1 makes
 * Node open its inspector on this machine, and its address is printed into `output`. It is not stopped. Undefined when it does not
 * answer in a few seconds, or is no Node that listens to the signal.
 */
export async function sampleNode(
  target: { readonly pid: number; readonly startTime: string },
  output: string,
): Promise<NodeSample | undefined> {
  if (!isNode(target.pid) || !canAnswer(target.pid)) return undefined;
  const bound = AbortSignal.timeout(boundMs);
  try {
    const from = sizeOf(output);
    signalProcess(target, 'SIGUSR1');
    const address = await findAddress(output, from, bound);
    if (address === undefined) return undefined;
    const client = await connectInspector(address, bound);
    try {
      await client.call('Profiler.enable');
      await client.call('Profiler.start');
      await sleep(sampleMs);
      const { profile } = (await client.call('Profiler.stop')) as { profile: Profile };
      // One that does not hang after all is not to be left open to others of this machine.
      await client.call('Runtime.evaluate', { expression: closeLater, includeCommandLineAPI: true });
      return { stack: describeHottest(profile), profile: JSON.stringify(profile) };
    } finally {
      client.close();
    }
  } catch {
    return undefined;
  }
}

/** One that is stopped cannot answer; one without a handler would be ended by the signal, and may not hang after all. */
function canAnswer(pid: number): boolean {
  const status = readProc(`${pid}/status`) ?? '';
  const caught = /^SigCgt:\s*([0-9a-f]+)/m.exec(status)?.[1];
  return !/^State:\s*[TtZX]/m.test(status) && caught !== undefined && (BigInt(`0x${caught}`) & usr1) !== 0n;
}

/** Signal 10, the first bit being that of signal 1. */
const usr1 = 1n << 9n;

function isNode(pid: number): boolean {
  try {
    return /^node(js)?$/.test(basename(readlinkSync(`/proc/${pid}/exe`)));
  } catch {
    return false;
  }
}

async function findAddress(output: string, from: number, bound: AbortSignal): Promise<string | undefined> {
  while (!bound.aborted) {
    const text = readFileSync(output)
      .subarray(from, from + longestAnswer)
      .toString('latin1');
    const address = /Debugger listening on (ws:\/\/127\.0\.0\.1:\d+\/[0-9a-f-]+)/.exec(text)?.[1];
    if (address !== undefined) return address;
    await sleep(pollMs);
  }
  return undefined;
}

const longestAnswer = 64 * 1024;

function sizeOf(path: string): number {
  return statSync(path).size;
}

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  readonly children?: readonly number[];
}

interface Profile {
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
}

/** The stack that most samples have, innermost first. What the compiler has taken into its caller shows as the caller. */
function describeHottest({ nodes, samples }: Profile): string {
  const counts = new Map<number, number>();
  for (const id of samples) counts.set(id, (counts.get(id) ?? 0) + 1);
  const [id, count] = [...counts].sort(([, left], [, right]) => right - left)[0] ?? [0, 0];
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const parents = new Map(nodes.flatMap((node) => (node.children ?? []).map((child) => [child, node.id] as const)));
  const lines: string[] = [];
  for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) {
    const frame = byId.get(at)?.callFrame;
    if (frame !== undefined && frame.functionName !== '(root)') lines.push(describeFrame(frame));
  }
  return [`${count} of ${samples.length} samples in ${sampleMs} ms were here:`, ...lines].join('\n');
}

function describeFrame({ functionName, url, lineNumber }: ProfileNode['callFrame']): string {
  const place = url === '' ? '' : ` (${url}:${lineNumber + 1})`;
  return `    at ${functionName === '' ? '(anonymous)' : functionName}${place}`;
}
