import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type * as WorkerThreads from 'node:worker_threads';
import { env } from '@tensorflow/tfjs-core';

/**
 * Lets tfjs's threaded build start under Node, for as long as `start` takes, and ends its threads with the process. It is made
 * for browsers, in two ways: its workers get their programs as `blob:` addresses, which become files here; and it takes no more
 * threads than half of the processors that there are, so that twice as many are pretended.
 */
export async function withWasmThreads(threads: number, start: () => Promise<boolean>): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), 'supervise-wasm-'));
  // A worker may be started later, when all of the first are busy.
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const workers: WorkerThreads.Worker[] = [];
  const restore = [replaceBlobs(folder), pretendProcessors(2 * threads), collectWorkers(workers)];
  env().set('WASM_HAS_MULTITHREAD_SUPPORT', true);
  try {
    return await start();
  } finally {
    for (const undo of restore.toReversed()) undo();
    // Only now: while they load, nothing else keeps the process alive.
    for (const worker of workers) worker.unref();
  }
}

/** A blob becomes a file, and its address the file's path. */
function replaceBlobs(folder: string): () => void {
  const [makeBlob, makeAddress] = [globalThis.Blob, URL.createObjectURL];
  let count = 0;
  const FileOfBlob = function (this: { path: string }, parts: readonly string[]) {
    const program = parts.join('');
    this.path = join(folder, `${count++}.cjs`);
    writeFileSync(this.path, `${program.startsWith('var WasmBackendModule') ? mainPrelude : workerPrelude}${program}`);
  };
  globalThis.Blob = FileOfBlob as unknown as typeof Blob;
  URL.createObjectURL = (blob) => (blob as unknown as { path: string }).path;
  return () => {
    globalThis.Blob = makeBlob;
    URL.createObjectURL = makeAddress;
  };
}

/** Names that the bundled program has from the file around it, which the workers do not see. */
const mainPrelude =
  "var require$$0=require('fs'),require$$1=require('path'),require$$3=require('perf_hooks'),require$$4=require('os'),commonjsGlobal=globalThis;\n";

/** The worker takes a path for an address, as the main thread does. */
const workerPrelude =
  "globalThis.URL=new Proxy(URL,{get:(t,p)=>p==='createObjectURL'?(b=>b.path):p==='revokeObjectURL'?(()=>{}):t[p]});\n";

function pretendProcessors(count: number): () => void {
  const os = createRequire(import.meta.url)('node:os') as { cpus: () => object[] };
  const { cpus } = os;
  os.cpus = () => Array.from({ length: count }, () => ({}));
  return () => {
    os.cpus = cpus;
  };
}

function collectWorkers(workers: WorkerThreads.Worker[]): () => void {
  const threads = createRequire(import.meta.url)('node:worker_threads') as { Worker: typeof WorkerThreads.Worker };
  const { Worker } = threads;
  threads.Worker = class extends Worker {
    constructor(...args: ConstructorParameters<typeof Worker>) {
      super(...args);
      workers.push(this);
    }
  };
  return () => {
    threads.Worker = Worker;
  };
}
