import { existsSync } from 'node:fs';
import { serialize } from 'node:v8';
import { loadExperiment, resolveRun } from '../config/index.js';
import { runPaths } from '../protocol/index.js';
import { runPreflight } from '../supervisor/preflight/run-preflight.js';
import type { Preparation, PreparationOrder } from './prepare-apart.js';

// The process that `prepareApart` starts. It says nothing when there is anything to tell, or when it fails.
void prepare(JSON.parse(process.argv[2] ?? '') as PreparationOrder).then((preparation) => {
  if (preparation !== undefined) process.stdout.write(`${serialize(preparation).toString('base64')}\n`);
});

async function prepare({
  experiment,
  flags,
  cwd,
  referenceTrainer,
}: PreparationOrder): Promise<Preparation | undefined> {
  const loaded = loadExperiment({ path: experiment, flags, env: process.env });
  const run = resolveRun(loaded, cwd);
  // A run that was launched before is not asked again.
  const findings = existsSync(runPaths(run.runDir).journal)
    ? []
    : await runPreflight({ loaded, run, referenceTrainer, isQuick: true });
  return findings.every(({ level }) => level === 'ok') ? { loaded, run } : undefined;
}
