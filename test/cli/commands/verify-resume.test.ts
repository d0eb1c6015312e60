import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { openBundle } from '../../../src/checkpoint/index.js';
import { planKills } from '../../../src/cli/verify-resume/plan-kills.js';
import { progressKey } from '../../../src/trainer/loop/training-state.js';
import { openBench, tinyExperiment } from '../../e2e/support.js';
import { repository } from '../support.js';

let bench = openBench('verify-resume');
afterEach(() => bench.close());

async function verify(experiment: object, ...flags: string[]) {
  bench = openBench('verify-resume');
  const path = bench.experiment('night.json', experiment);
  const run = bench.supervise('verify-resume', path, '--json', ...flags);
  const { code } = await run.ended;
  const text = run.output();
  const start = text.indexOf('{\n');
  const report = start < 0 ? undefined : JSON.parse(text.slice(start, text.lastIndexOf('}') + 1));
  const verdictOf = (part: string) => report?.findings.find((finding: { part: string }) => finding.part === part);
  return { code, text, report, verdictOf };
}

const foreign = (env: Record<string, string> = {}, more: object = {}) => ({
  experiment_name: 'night',
  epochs: 4,
  trainer: {
    command: [process.execPath, join(repository, 'test/fixtures/trainers/forgets-its-optimizer.mjs')],
    env,
  },
  ...more,
});

describe('supervise verify-resume', () => {
  /** Everything that has a state: dropout and batch norm are in the networks, shuffling always is. */
  const everything = tinyExperiment({
    epochs: 3,
    training: { batch_size: 2, accumulate: 2, steps_per_epoch: 5, backend: 'wasm' },
    adaptive_balancing: { enabled: true, adaptation_rate: 0.3 },
    schedule: {
      ...{ use_lr_schedule: true, lr_warmup_epochs: 1, lr_decay_epochs: 3, lr_alpha: 0.1 },
      ...{ warmup_epochs: 1, annealing_epochs: 1 },
    },
    early_stopping: { enabled: true, patience: 2, min_delta: 1000 },
    checkpoints: { max_checkpoints: 2, every: '2 steps' },
  });

  test('the reference trainer leaves no trace of being killed, with everything that has a state', async () => {
    const { code, text, report, verdictOf } = await verify(everything, '--kills', '2', '--keep');
    expect(code, text).toBe(0);
    expect(report).toMatchObject({ identical: true });
    expect(report.kills.length).toBeGreaterThan(0);
    for (const part of [
      'weights',
      'optimizer slots',
      'step counts',
      'learning rate',
      'data order',
      'best score',
      'patience',
      'loss weights',
      'metrics',
    ])
      expect(verdictOf(part), part).toMatchObject({ verdict: 'identical', distance: 0 });
    expect(verdictOf('weights').detail).toMatch(/^3 checkpoints, \d{3} tensors$/);
    const kept = /The scratch folder is (\S+)/.exec(text)?.[1] ?? '';
    const prefix = join(kept, 'killed/checkpoints/ckpt-3');
    const bundle = openBundle(prefix);
    const { data } = bundle.read(progressKey);
    bundle.close();
    const state = JSON.parse(Buffer.from((data as Uint8Array[])[0] ?? []).toString());
    // It has moved: what never changes would be the same whatever a resume forgets.
    expect(state.balance.ctc).not.toBe(1);
    expect(state.balance.others).not.toBe(1);
    expect(state.epochsWithoutImprovement).toBeGreaterThan(0);
    rmSync(kept, { recursive: true });
    expect(readdirSync(join(bench.folder, 'runs'))).toEqual([]);
  }, 300_000);

  test('a trainer that forgets its optimizer is found out, and the first difference is named', async () => {
    const { code, text, report, verdictOf } = await verify(foreign(), '--kills', '2', '--epochs', '3');
    expect(code, text).toBe(1);
    expect(report).toMatchObject({ identical: false });
    expect(verdictOf('checkpoints')).toMatchObject({ verdict: 'different' });
    expect(verdictOf('checkpoints').detail).toMatch(/^ckpt-[23]\.safetensors: momentum: 1 values, first at \[0\]: /);
    expect(verdictOf('epoch_info').detail).toMatch(/^epoch [23]\.best_score: /);
    expect(verdictOf('metrics')).toMatchObject({ verdict: 'unknown', detail: 'no metrics.jsonl in the run directory' });
  });

  test('the same trainer when it forgets nothing; the scratch folder is kept on request', async () => {
    const { code, text, verdictOf } = await verify(
      foreign({ EXACT: '1' }),
      '--kills',
      '2',
      '--epochs',
      '3',
      '--keep',
      '--baseline',
    );
    expect(code, text).toBe(0);
    expect(verdictOf('checkpoints')).toMatchObject({ verdict: 'identical', detail: '3 files', baseline: 0 });
    const kept = /The scratch folder is (\S+)/.exec(text)?.[1] ?? '';
    expect(existsSync(join(kept, 'killed/checkpoints/ckpt-3.safetensors'))).toBe(true);
    rmSync(kept, { recursive: true });
  });

  test('a difference within the tolerance is none', async () => {
    const { code, text, verdictOf } = await verify(foreign(), '--kills', '1', '--epochs', '2', '--tolerance', '100');
    expect(code, text).toBe(0);
    expect(['within', 'identical']).toContain(verdictOf('checkpoints').verdict);
  });

  test('a trainer that might write into the real checkpoint directory is refused', async () => {
    const { code, text } = await verify(foreign({}, { checkpoint_dir: 'somewhere' }));
    expect(code).toBe(64);
    expect(text).toContain('the trainer is not told its checkpoint directory');
  });
});

describe('planKills', () => {
  test('places are seeded, in order, and within the run', () => {
    for (let seed = 0; seed < 200; seed++) {
      const places = planKills({ seed, kills: 5, epochs: 3 });
      expect(places).toEqual(planKills({ seed, kills: 5, epochs: 3 }));
      expect(places).toEqual([...places].sort((left, right) => left - right));
      expect(places[0]).toBeGreaterThan(0);
      expect(places.at(-1)).toBeLessThan(2.9);
    }
    expect(planKills({ seed: 1, kills: 2, epochs: 3 })).not.toEqual(planKills({ seed: 2, kills: 2, epochs: 3 }));
  });
});
