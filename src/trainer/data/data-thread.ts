import { Worker } from 'node:worker_threads';
import { SuperviseError } from '../../protocol/index.js';
import type { Batch } from './batch.js';
import type { Failure, ThreadMessage, ThreadRequest, ThreadStart } from './thread-messages.js';

/** A request without its number. */
type Question = ThreadRequest extends infer Each ? (Each extends ThreadRequest ? Omit<Each, 'id'> : never) : never;

/** The answers to one request, as they come. */
export interface Conversation {
  /** Says something more about the same request. */
  readonly say: (kind: 'more' | 'stop') => void;
  /** The next batch; undefined at the end. @throws what the thread met, or how it ended */
  readonly next: () => Promise<Batch | undefined>;
  /** Wants no more answers. */
  readonly close: () => void;
}

/** A running data thread. */
export interface DataThread {
  readonly opened: Extract<ThreadMessage, { kind: 'opened' }>;
  readonly ask: (question: Question) => Conversation;
  /** Ends it. */
  readonly terminate: () => Promise<void>;
}

/**
 * Starts the data thread and waits until it has opened its files. While nobody waits for it, it keeps no process from ending.
 * @throws what the opening throws
 */
export async function startDataThread(start: ThreadStart, onAlive: () => void = () => {}): Promise<DataThread> {
  const worker = new Worker(new URL('./data-worker.js', import.meta.url), { workerData: start });
  const mailboxes = new Map<number, Mailbox>();
  const waitFor = createWaiting(worker);
  const opening = createMailbox(waitFor);
  const failAll = (error: Error) => {
    for (const mailbox of [opening, ...mailboxes.values()]) mailbox.fail(error);
  };
  worker.on('message', (message: ThreadMessage) => {
    if (message.kind === 'alive') onAlive();
    else if (message.kind === 'opened' || message.id === undefined) opening.put(message);
    else mailboxes.get(message.id)?.put(message);
  });
  worker.on('error', failAll);
  worker.on('exit', (code) => failAll(new Error(`the data thread ended with code ${code}`)));
  let lastId = 0;
  const opened = await opening.take();
  if (opened.kind !== 'opened') throw new Error(`the data thread began with ${opened.kind}`);
  return {
    opened,
    ask: (question) => {
      const id = ++lastId;
      const mailbox = createMailbox(waitFor);
      mailboxes.set(id, mailbox);
      worker.postMessage({ ...question, id });
      return {
        say: (kind) => worker.postMessage({ kind, id } satisfies ThreadRequest),
        next: async () => {
          const message = await mailbox.take();
          return message.kind === 'batch' ? message.batch : undefined;
        },
        close: () => mailboxes.delete(id),
      };
    },
    terminate: async () => {
      await worker.terminate();
    },
  };
}

interface Mailbox {
  readonly put: (message: ThreadMessage) => void;
  /** From now on nothing comes any more. */
  readonly fail: (error: Error) => void;
  /** @throws what failed in the thread, or the thread's end */
  readonly take: () => Promise<ThreadMessage>;
}

/** Messages that wait to be taken, or one taker that waits for them. */
function createMailbox(waitFor: (event: Promise<void>) => Promise<void>): Mailbox {
  const messages: ThreadMessage[] = [];
  let end: Error | undefined;
  let wake = () => {};
  return {
    put: (message) => {
      messages.push(message);
      wake();
    },
    fail: (error) => {
      end ??= error;
      wake();
    },
    take: async () => {
      if (messages.length === 0 && end === undefined) {
        const waking = new Promise<void>((resolve) => {
          wake = resolve;
        });
        await waitFor(waking);
      }
      const message = messages.shift();
      if (message === undefined) throw end ?? new Error('the data thread is silent');
      if (message.kind === 'failed') throw toError(message.failure);
      return message;
    },
  };
}

/** While anybody waits for the thread, it keeps the process alive. */
function createWaiting(worker: Worker): (event: Promise<void>) => Promise<void> {
  let waiting = 0;
  return async (event) => {
    if (waiting++ === 0) worker.ref();
    await event;
    if (--waiting === 0) worker.unref();
  };
}

function toError({ message, stack, known }: Failure): Error {
  if (known !== undefined) return new SuperviseError(known.code, known.problem);
  return Object.assign(new Error(message), stack === undefined ? {} : { stack });
}
