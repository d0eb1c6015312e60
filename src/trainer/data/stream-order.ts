import { createRandom, type Random } from '../random/random.js';

/** One reading of files from front to back: which lines come in which order, and in which they are handed out. */
export interface StreamOrder {
  /** Order of the files, by number. */
  readonly files: readonly number[];
  /** Numbers of all lines as they are handed out: each comes at most `buffer` lines before its place in the files. */
  readonly order: Uint32Array;
}

/**
 * Shuffles lines that can only be read from front to back: the files in any order, and then through a buffer of that many
 * lines, from which one is drawn at random each time and replaced by the next one read (as `tf.data`'s `shuffle` does).
 * `fileSizes` are the lines of each file; lines are numbered on from file to file. Depends on nothing but the arguments.
 */
export function streamOrder(
  fileSizes: readonly number[],
  buffer: number,
  { seed, epoch, round }: { readonly seed: number; readonly epoch: number; readonly round: number },
): StreamOrder {
  const random = createRandom(seed, 'stream order', epoch, round);
  const files = random.shuffle(fileSizes.map((_, number) => number));
  return { files, order: drawFromBuffer(random, readingOrder(fileSizes, files), buffer) };
}

function readingOrder(fileSizes: readonly number[], files: readonly number[]): Uint32Array {
  const starts = [0];
  for (const size of fileSizes) starts.push((starts.at(-1) as number) + size);
  const lines = new Uint32Array(starts.at(-1) as number);
  let at = 0;
  for (const file of files) {
    const [start, end] = [starts[file] as number, starts[file + 1] as number];
    for (let line = start; line < end; line++) lines[at++] = line;
  }
  return lines;
}

function drawFromBuffer(random: Random, lines: Uint32Array, buffer: number): Uint32Array {
  const order = new Uint32Array(lines.length);
  const held = lines.slice(0, buffer);
  let next = held.length;
  let holds = held.length;
  for (let at = 0; at < order.length; at++) {
    const drawn = random.integer(0, holds - 1);
    order[at] = held[drawn] as number;
    held[drawn] = (next < lines.length ? lines[next++] : held[--holds]) as number;
  }
  return order;
}
