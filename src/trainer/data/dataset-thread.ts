import type { Batch } from './batch.js';
import { loadCharset } from './charset.js';
import { type DataThread, startDataThread } from './data-thread.js';
import type { Dataset, DatasetOptions } from './open-dataset.js';
import type { StepRange } from './train-set.js';

/**
 * Opens a data set as {@link openDataset} does, in a thread of its own, which reads, checks, parses, shuffles and augments
 * while the steps compute. The batches are the same, bit for bit. Of each range of steps, `config.read_ahead` batches are made
 * before they are asked for: so many are in memory, whatever the size of the data.
 * @throws as {@link openDataset} does
 */
export async function openDatasetThread(options: DatasetOptions): Promise<Dataset> {
  const charset = options.charset ?? loadCharset(options.config.charset_path);
  const { config, seed, dir, onAlive } = options;
  const thread = await startDataThread({ config, seed, dir, characters: charset.characters }, onAlive);
  const { train, validation, paths } = thread.opened;
  return {
    train: {
      ...train,
      read: (indices) => readLines(thread, 'train', indices),
      readSteps: (range) => readSteps(thread, range, config.read_ahead),
    },
    validation: { ...validation, read: (indices) => readLines(thread, 'validation', indices) },
    charset,
    paths,
    close: async () => {
      await thread.ask({ kind: 'close' }).next();
      await thread.terminate();
    },
  };
}

async function readLines(thread: DataThread, set: 'train' | 'validation', indices: Iterable<number>): Promise<Batch> {
  const answer = thread.ask({ kind: 'read', set, indices: Uint32Array.from(indices) });
  const batch = await answer.next();
  answer.close();
  if (batch === undefined) throw new Error('the data thread sent no lines');
  return batch;
}

async function* readSteps(thread: DataThread, range: StepRange, ahead: number): AsyncGenerator<Batch, void, void> {
  const answer = thread.ask({ kind: 'steps', range });
  for (let count = 0; count < ahead; count++) answer.say('more');
  try {
    for (let batch = await answer.next(); batch !== undefined; batch = await answer.next()) {
      // One is taken out, so that the next may be made: what waits stays the same.
      answer.say('more');
      yield batch;
    }
  } finally {
    answer.say('stop');
    answer.close();
  }
}
