import { parentPort, workerData } from 'node:worker_threads';
import { SuperviseError } from '../../protocol/index.js';
import type { Batch } from './batch.js';
import { createCharset } from './charset.js';
import { type Dataset, openDataset } from './open-dataset.js';
import type { Failure, ThreadMessage, ThreadRequest, ThreadStart } from './thread-messages.js';

/** Time between two signs of life while a data set is being opened. */
const aliveIntervalMs = 250;

const { characters, ...options } = workerData as ThreadStart;
const streams = new Map<number, AsyncGenerator<Batch, void, void>>();
const opening = open();
// It fails when the first request comes, too; the message that it failed has been sent then.
opening.catch(() => undefined);

parentPort?.on('message', async (request: ThreadRequest) => {
  try {
    await answer(await opening, request);
  } catch (error) {
    tell({ kind: 'failed', id: request.id, failure: toFailure(error) });
  }
});

async function open(): Promise<Dataset> {
  try {
    const dataset = await openDataset({ ...options, charset: createCharset(characters), onAlive: signOfLife() });
    const [train, validation] = [dataset.train, dataset.validation].map(({ size, width, height }) => ({
      size,
      width,
      height,
    })) as [Dataset['train'], Dataset['validation']];
    tell({ kind: 'opened', train, validation, paths: dataset.paths });
    return dataset;
  } catch (error) {
    tell({ kind: 'failed', id: undefined, failure: toFailure(error) });
    throw error;
  }
}

async function answer(dataset: Dataset, request: ThreadRequest): Promise<void> {
  const { id } = request;
  if (request.kind === 'read') tellBatch(id, await dataset[request.set].read(request.indices));
  else if (request.kind === 'steps') streams.set(id, dataset.train.readSteps(request.range));
  else if (request.kind === 'more') await sendNext(id);
  else if (request.kind === 'stop') await stopStream(id);
  else {
    for (const stream of streams.keys()) await stopStream(stream);
    await dataset.close();
    tell({ kind: 'end', id });
  }
}

/** Several may be under way. A failure is told here, not where it ends up, so that nothing asked for later overtakes it. */
async function sendNext(id: number): Promise<void> {
  try {
    const next = await streams.get(id)?.next();
    if (next === undefined) return;
    if (next.done !== true) return tellBatch(id, next.value);
    tell({ kind: 'end', id });
  } catch (error) {
    tell({ kind: 'failed', id, failure: toFailure(error) });
  }
  streams.delete(id);
}

async function stopStream(id: number): Promise<void> {
  const stream = streams.get(id);
  streams.delete(id);
  await stream?.return();
  tell({ kind: 'end', id });
}

/** The images' memory goes along instead of being copied. */
function tellBatch(id: number, batch: Batch): void {
  const memory = [batch.degraded.buffer, batch.clean.buffer] as ArrayBuffer[];
  parentPort?.postMessage({ kind: 'batch', id, batch } satisfies ThreadMessage, memory);
}

function tell(message: ThreadMessage): void {
  parentPort?.postMessage(message);
}

function signOfLife(): () => void {
  let lastAtMs = -aliveIntervalMs;
  return () => {
    const nowMs = performance.now();
    if (nowMs - lastAtMs < aliveIntervalMs) return;
    lastAtMs = nowMs;
    tell({ kind: 'alive' });
  };
}

function toFailure(error: unknown): Failure {
  const { message, stack } = error instanceof Error ? error : new Error(String(error));
  const known = error instanceof SuperviseError ? { code: error.code, problem: error.problem } : undefined;
  return { message, stack, known };
}
