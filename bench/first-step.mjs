// Crash → first new training step of the reference trainer, relaunched cold and by a warm spare. Prints medians and ratios, and
// writes bench/results/first-step.json. Flags: --rounds N (default 8), --backend wasm|tensorflow|cpu (default wasm).
// `down` is what a crash costs: from the kill to the end of the first step, less what a step takes anyway. `first_step` is to
// the end of that step, whatever it takes: with a warm spare, most of it.

import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { raisePriority } from './lib/priority.mjs';
import { createRecorder } from './lib/record.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values: flags } = parseArgs({
  options: { rounds: { type: 'string', default: '8' }, backend: { type: 'string', default: 'wasm' } },
});
const rounds = Number(flags.rounds);

const experiment = (warm) => ({
  experiment_name: warm ? 'warm' : 'cold',
  epochs: 1000,
  model: {
    generator: { filters: 8, depth: 3 },
    discriminator: { filters: 8, num_layers: 3, embedding_size: 16, lstm_units: 32 },
  },
  data: { image_width: 128, image_height: 32, train_samples: 64, val_samples: 4 },
  training: { backend: flags.backend, batch_size: 2, steps_per_epoch: 4 },
  samples: { save_samples: false },
  metrics: { steps: true },
  restart: { initial_delay_ms: 0, max_delay_ms: 0, max_restarts_without_progress: 1000, warm_spare: warm },
});

const read = (path) => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
};

async function until(probe) {
  for (;;) {
    const value = probe();
    if (value) return value;
    await sleep(1);
  }
}

/** One supervised run; `crash()` kills its trainer and resolves with the milliseconds to the first step after it. */
function start(folder, warm) {
  const path = join(folder, `${warm}.json`);
  writeFileSync(path, JSON.stringify(experiment(warm)));
  const runDir = join(folder, `run-${warm}`);
  const child = spawn(process.execPath, [join(root, 'bin/supervise.js'), path, '--run-dir', runDir], {
    stdio: 'ignore',
  });
  const diary = () =>
    read(join(runDir, 'steps.jsonl'))
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line));
  const heartbeat = () => JSON.parse(read(join(runDir, 'heartbeat.json')) || '{}');
  let attempt = 1;
  return {
    crash: async () => {
      const beat = await until(() => {
        const now = heartbeat();
        return now.attempt === attempt && now.phase === 'train' && now.step > 1 && now;
      });
      const log = join(runDir, 'attempts', String(attempt + 1).padStart(4, '0'), 'output.log');
      if (warm) await until(() => read(log).includes('Standing by.'));
      await sleep(200);
      attempt++;
      const { pid } = beat;
      const killedAt = Number(process.hrtime.bigint()) / 1e6;
      process.kill(pid, 'SIGKILL');
      const first = await until(() => diary().find((step) => step.at_ms > killedAt && step.pid !== pid));
      return first.at_ms - killedAt;
    },
    /** Usual time of a step: the first of a process is none. */
    usualStepMs: () => {
      const steps = diary();
      return median(steps.filter(({ pid }, index) => pid === steps[index - 1]?.pid).map(({ step_ms }) => step_ms));
    },
    stop: async () => {
      child.kill('SIGTERM');
      await new Promise((settle) => child.once('exit', settle));
    },
  };
}

raisePriority();
// Node reads such certificates before anything else, in both cases.
delete process.env.NODE_EXTRA_CA_CERTS;

const median = (values) => values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)];

const folder = mkdtempSync(join(tmpdir(), 'first-step-'));
const times = { cold: [], warm: [] };
const usual = {};
try {
  // One after the other, so that they do not train against each other.
  for (const name of ['cold', 'warm']) {
    const run = start(folder, name === 'warm');
    for (let round = 0; round < rounds; round++) times[name].push(await run.crash());
    usual[name] = run.usualStepMs();
    await run.stop();
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
const firstStep = { cold: median(times.cold), warm: median(times.warm) };
const down = { cold: firstStep.cold - usual.cold, warm: firstStep.warm - usual.warm };
const result = {
  node: process.version,
  cores: cpus().length,
  rounds,
  step_ms: usual,
  first_step_ms: { ...firstStep, ratio: firstStep.cold / firstStep.warm },
  down_ms: { ...down, ratio: down.cold / down.warm },
};
const record = createRecorder({
  root,
  name: 'first-step',
  merge: (before, now) => ({ ...before, ...now }),
  publish: () => {},
});
record({ [flags.backend]: result });
const line = ({ cold, warm, ratio }) =>
  `cold ${cold.toFixed(0)} ms, warm spare ${warm.toFixed(0)} ms, ${ratio.toFixed(1)} times faster`;
console.log(`crash → end of the first new step, medians of ${rounds}: ${line(result.first_step_ms)}`);
console.log(`the same without what a step takes anyway: ${line(result.down_ms)}`);
