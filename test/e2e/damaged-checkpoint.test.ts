import { cpSync, openSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Bench, checkpointContent, openBench, readEpochInfo, tinyExperiment } from './support.js';

let trained: Bench;
let bench: Bench;
let experiment: string;
beforeAll(async () => {
  trained = openBench('trained');
  const path = trained.experiment('tiny.json', tinyExperiment());
  expect((await trained.supervise(path, '--epochs', '3').ended).code).toBe(0);
});
beforeEach(() => {
  bench = openBench('damage');
  experiment = join(bench.folder, 'tiny.json');
  cpSync(trained.folder, bench.folder, { recursive: true });
});
afterEach(() => bench.close());
afterAll(() => trained.close());

const checkpoints = () => join(bench.folder, 'runs/tiny/checkpoints');
const inCheckpoints = (name: string) => join(checkpoints(), name);

async function goOn(): Promise<string> {
  const run = bench.supervise(experiment, '--epochs', '4');
  expect((await run.ended).code, run.output()).toBe(0);
  expect(readEpochInfo(checkpoints())).toMatchObject({ last_completed_epoch: 4, checkpoint: 'ckpt-4' });
  return run.output();
}

function flipByte(path: string): void {
  const bytes = readFileSync(path);
  const at = Math.floor(bytes.length / 2);
  const file = openSync(path, 'r+');
  writeSync(file, Buffer.from([(bytes[at] as number) ^ 0x10]), 0, 1, at);
}

describe('a relaunch from a damaged checkpoint', () => {
  it.each([
    ['a flipped bit in the data', () => flipByte(inCheckpoints('ckpt-3.data-00000-of-00001'))],
    ['a flipped bit in the index', () => flipByte(inCheckpoints('ckpt-3.index'))],
    ['a truncated data file', () => truncateSync(inCheckpoints('ckpt-3.data-00000-of-00001'), 1000)],
    ['a missing data file', () => rmSync(inCheckpoints('ckpt-3.data-00000-of-00001'))],
  ])(
    'steps back over %s, and keeps it in quarantine',
    async (_, damage) => {
      damage();
      const output = await goOn();
      expect(output).toContain('ckpt-3 is damaged');
      expect(output).toContain('Last completed epoch: 2');
      expect(readdirSync(inCheckpoints('quarantine/0001'))).toEqual(
        expect.arrayContaining(['reason.txt', 'ckpt-3.index']),
      );
    },
    300_000,
  );

  it('ends in the same bits all the same', async () => {
    const unbroken = bench.supervise(experiment, '--run-dir', 'runs/unbroken');
    expect((await unbroken.ended).code).toBe(0);
    flipByte(inCheckpoints('ckpt-3.data-00000-of-00001'));
    await goOn();
    expect(checkpointContent(inCheckpoints('ckpt-4'))).toEqual(
      checkpointContent(join(bench.folder, 'runs/unbroken/checkpoints/ckpt-4')),
    );
  });
});

describe('epoch_info.json', () => {
  it("unreadable: the checkpoint's own record is used", async () => {
    writeFileSync(inCheckpoints('epoch_info.json'), '{"last_comp');
    const output = await goOn();
    expect(output).toContain('epoch_info.json is unreadable');
    expect(output).toContain('Continuing from epoch: 4/4');
  });

  it('missing: says so, and starts from scratch without destroying what is there', async () => {
    rmSync(inCheckpoints('epoch_info.json'));
    const output = await goOn();
    expect(output).toContain('epoch_info.json is missing');
    expect(output).toContain('starting from scratch');
    expect(readdirSync(inCheckpoints('previous/0001'))).toContain('ckpt-3.index');
  });
});
