import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { diaryExperiment, diaryRun, expectOneStory } from './diary.js';
import { openBench } from './support.js';

const fixture = resolve(import.meta.dirname, '../fixtures/kill-at-file-operation.mjs');
const epochs = 3;
const isSoak = process.env['SOAK'] !== undefined;
const lanes = 4;

/** One life of a supervisor: a launch, a crash of the trainer, a relaunch and the completion. Ends at operation `at`, if given. */
async function live(bench: ReturnType<typeof openBench>, at?: number) {
  const path = diaryExperiment(bench, epochs, { FAIL_FIRST: '1', EPOCH_MS: '10' });
  const log = join(bench.folder, 'operations.log');
  const env = {
    ...{ NODE_OPTIONS: `--import=${fixture}`, KILL_LOG: log, KILL_BELOW: join(bench.folder, 'runs') },
    ...(at !== undefined && { KILL_AT: String(at) }),
  };
  const run = bench.superviseWith(env, path);
  const ended = await run.ended;
  const reached = existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : [];
  return { ended, reached, output: run.output(), path };
}

describe('a supervisor that is killed', () => {
  it('before any of the file operations of its life is followed by one that completes the run', async () => {
    const whole = openBench('operations');
    let operations: string[] = [];
    try {
      const { ended, reached, output } = await live(whole);
      expect(ended.code, output).toBe(0);
      expectOneStory(whole, epochs);
      operations = reached;
    } finally {
      await whole.close();
    }
    const places = choose(operations);
    const failures: string[] = [];
    const next = places.values();
    await Promise.all(
      Array.from({ length: lanes }, async () => {
        for (const at of next)
          await dieAndGoOn(at).catch((error: Error) => failures.push(`${operations[at - 1]}: ${error.message}`));
      }),
    );
    expect(failures.join('\n')).toBe('');
    console.info(`${places.length} of ${operations.length} operations`);
  }, 900_000);
});

async function dieAndGoOn(at: number): Promise<void> {
  const bench = openBench(`operation-${at}`);
  try {
    const { ended, reached, path, output } = await live(bench, at);
    // The number of operations is not the same in every life: the last ones may not be reached.
    if (ended.signal !== 'SIGKILL') {
      expect(ended.code, output).toBe(0);
      return;
    }
    expect(reached).toHaveLength(1);
    const next = bench.supervise(path);
    const { code } = await next.ended;
    expect(code, `${reached[0]}\n${next.output()}`).toBe(0);
    expectOneStory(bench, epochs);
    expect(diaryRun(bench).diary().length).toBeGreaterThan(0);
  } finally {
    await bench.close();
  }
}

/** All of them, or, for the sake of time, those around a launch and every tenth of the others. */
function choose(operations: readonly string[]): number[] {
  const all = operations.map((_, index) => index + 1);
  if (isSoak) return all;
  const output = operations.findIndex((operation) => operation.includes('0001/output.log'));
  return all.filter((at) => Math.abs(at - output - 3) <= 5 || at % 10 === 5);
}
