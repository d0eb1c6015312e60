import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseCheckpointState } from '../../src/checkpoint/checkpoint-state.js';
import { findResumable, formatCheckpointState, verifyCheckpoint } from '../../src/checkpoint/index.js';
import { decodeTable, encodeTable } from '../../src/checkpoint/table.js';
import { createRandom } from '../../src/trainer/random/random.js';
import { startCpuTime } from '../cpu-time.js';
import { mutants, mutate } from '../mutations.js';
import { longestWaitMs, strangePlaces } from '../strange-places.js';
import { commitEpoch, float32, strings } from './support.js';

const longestMs = 500;

/** An empty archive: the smallest file that counts as one of PyTorch's. */
const zip = Buffer.concat([Buffer.from('PK\x05\x06'), Buffer.alloc(18)]);

let folder: string;
let directory: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'supervise-hostile-'));
  // A record may name '..', which must not be the temporary files of everybody.
  directory = join(folder, 'checkpoints');
  mkdirSync(directory);
  for (const epoch of [1, 2])
    commitEpoch(directory, epoch, {
      tensors: [
        ['w', float32([epoch, 2, 3])],
        ['names', strings('a', 'bc')],
      ],
    });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const path = (name: string) => join(directory, name);

function within<Value>(what: string, look: () => Value): Value {
  const [cpuTime, began] = [startCpuTime(), performance.now()];
  try {
    return look();
  } catch (error) {
    throw new Error(what, { cause: error });
  } finally {
    if (cpuTime() >= longestMs) expect.fail(`${what}: took ${cpuTime()} ms of processor time`);
    if (performance.now() - began >= longestWaitMs) expect.fail(`${what}: took ${performance.now() - began} ms`);
  }
}

describe(`${mutants.onDisk} and more damaged versions of each file of a checkpoint`, () => {
  it('checkpoint: a state comes out, or none', () => {
    const original = Buffer.from(formatCheckpointState({ latest: 'ckpt-2', all: ['ckpt-1', 'a "b" \\c', 'ckpt-2'] }));
    for (const { what, bytes } of mutate(original, mutants.inMemory, {
      seed: 51,
      others: [Buffer.from('\n'.repeat(200_000))],
    }))
      within(what, () => parseCheckpointState(bytes.toString('utf8')));
  });

  it.each(['ckpt-2.index', 'ckpt-2.data-00000-of-00001'])('%s: good only with every byte as it was', (name) => {
    const original = readFileSync(path(name));
    const others = [readFileSync(path('ckpt-1.index')), readFileSync(path('ckpt-1.data-00000-of-00001'))];
    for (const { what, bytes } of mutate(original, mutants.onDisk, { seed: 61, others })) {
      writeFileSync(path(name), bytes);
      const verdict = within(what, () => verifyCheckpoint(path('ckpt-2')));
      if (!verdict.ok) continue;
      // Bytes that nothing points at, between the blocks of an index or behind the last tensor, change nothing.
      if (name.endsWith('.index')) expect(decodeTable(bytes), what).toEqual(decodeTable(original));
      else expect(bytes.subarray(0, original.length).equals(original), what).toBe(true);
    }
  });

  it('an index whose checksums are right and whose content is not', () => {
    const entries = decodeTable(readFileSync(path('ckpt-2.index'))).map(([key, value]) => [
      Buffer.from(key),
      Buffer.from(value),
    ]);
    const random = createRandom(71, 'entries');
    for (let index = 0; index < mutants.onDisk; index++) {
      const changed = entries.map(([key, value]) => [key as Buffer, Buffer.from(value as Buffer)] as const);
      const [, value] = changed[random.integer(0, changed.length - 1)] as (typeof changed)[number];
      for (let times = random.integer(1, 4); times > 0; times--)
        value[random.integer(0, value.length - 1)] = random.integer(0, 255);
      writeFileSync(path('ckpt-2.index'), encodeTable(changed));
      within(`${index}: ${value.toString('hex')}`, () => verifyCheckpoint(path('ckpt-2')));
    }
  });

  it('epoch_info.json: what is found is a checkpoint that is there, or none', () => {
    const original = readFileSync(path('epoch_info.json'));
    const saved = readFileSync(path('checkpoint'));
    for (const { what, bytes } of mutate(original, mutants.onDisk, { seed: 81, others: [saved] })) {
      writeFileSync(path('epoch_info.json'), bytes);
      const found = within(what, () => findResumable(directory));
      expect(found.kind === 'checkpoint' || found.kind === 'none', `${what}: ${found.kind}`).toBe(true);
      if (found.kind !== 'checkpoint') continue;
      expect(['ckpt-1', 'ckpt-2']).toContain(found.checkpoint);
      expect(found.epochInfo.last_completed_epoch).toBe(Number(found.checkpoint.slice('ckpt-'.length)));
    }
  });
});

describe("somebody else's checkpoints", () => {
  it('epoch_info.json may name anything: what is found is what it says, or none', () => {
    const others = [readFileSync(path('checkpoint'))];
    rmSync(directory, { recursive: true });
    mkdirSync(directory);
    for (const name of ['model-1.pt', 'model-2.pt', 'model-3.pt']) writeFileSync(path(name), zip);
    const original = Buffer.from(
      JSON.stringify({ last_completed_epoch: 2, status: 'running', checkpoint: 'model-2.pt' }),
    );
    const names = [
      '/dev/zero',
      '/dev/tty',
      '..',
      '.',
      '/',
      '',
      'a\0b',
      '\ud800',
      'x'.repeat(5000),
      'model-2.pt/x',
      '[',
      '*',
    ];
    const named = names.map((checkpoint) => Buffer.from(JSON.stringify({ last_completed_epoch: 2, checkpoint })));
    const mutated = [...mutate(original, mutants.onDisk, { seed: 82, others: [...others, ...named] })];
    for (const { what, bytes } of [...named.map((bytes) => ({ what: String(bytes), bytes })), ...mutated]) {
      writeFileSync(path('epoch_info.json'), bytes);
      const found = within(what, () => findResumable(directory));
      expect(['foreign', 'none'], what).toContain(found.kind);
      expect(readdirSync(directory), what).toEqual(expect.arrayContaining(['model-1.pt', 'model-2.pt', 'model-3.pt']));
    }
  });

  it.each(['..', '/'])('%s, a folder around all of them, is no checkpoint', (checkpoint) => {
    rmSync(directory, { recursive: true });
    mkdirSync(directory);
    writeFileSync(path('epoch_info.json'), JSON.stringify({ last_completed_epoch: 2, checkpoint }));
    const found = within(checkpoint, () => findResumable(directory));
    expect(found).toMatchObject({
      kind: 'foreign',
      notes: [`${checkpoint} is no checkpoint: the checkpoint directory lies in it`],
    });
  });

  it.each(strangePlaces)('$what as the newest of them: never waits', ({ put }) => {
    rmSync(directory, { recursive: true });
    mkdirSync(directory);
    for (const name of ['model-2.pt', 'model-2.safetensors', 'model-2.h5', 'model-2']) {
      writeFileSync(path('epoch_info.json'), JSON.stringify({ last_completed_epoch: 2, checkpoint: name }));
      const undo = put(path(name));
      const found = within(name, () => findResumable(directory));
      expect(found.kind, name).toBe('foreign');
      undo();
    }
  });
});

describe('in the place of a file of a checkpoint', () => {
  it.each(strangePlaces)('$what: the checkpoint is damaged, and the one before it is used', ({ put }) => {
    for (const name of ['ckpt-2.index', 'ckpt-2.data-00000-of-00001']) {
      commitEpoch(directory, 2);
      rmSync(path(name));
      const undo = put(path(name));
      const found = within(name, () => findResumable(directory));
      expect(found).toMatchObject({ kind: 'checkpoint', checkpoint: 'ckpt-1' });
      undo();
    }
  });

  it.each(strangePlaces)('$what as epoch_info.json: never waits, never completes', ({ put }) => {
    rmSync(path('epoch_info.json'));
    const undo = put(path('epoch_info.json'));
    const began = performance.now();
    let kind: string;
    try {
      kind = findResumable(directory).kind;
    } catch (error) {
      kind = (error as NodeJS.ErrnoException).code ?? 'no code';
    }
    expect(performance.now() - began).toBeLessThan(longestWaitMs);
    expect(['checkpoint', 'unrecorded', 'EISDIR', 'ENOTFILE', 'ENXIO', 'ELOOP', 'EFBIG']).toContain(kind);
    undo();
  });
});
