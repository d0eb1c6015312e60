import { fileURLToPath } from 'node:url';
import { loadExperiment, resolveRun } from '../config/index.js';
import type { SuperviseOptions } from './main.js';

/** Node and the reference trainer's launcher. */
export const referenceTrainer = [
  process.execPath,
  fileURLToPath(new URL('../../bin/train.js', import.meta.url)),
] as const;

/** Loads the experiment and supervises it, or prints what would be done. Returns the exit code. */
export async function runExperiment({ experiment, flags, dryRun, json, startOver }: SuperviseOptions): Promise<number> {
  const loaded = loadExperiment({ path: experiment, flags, env: process.env });
  const run = resolveRun(loaded, process.cwd());
  if (dryRun) {
    const { printDryRun } = await import('./dry-run.js');
    return printDryRun({ loaded, run, json, startOver, referenceTrainer });
  }
  for (const { message, line } of loaded.warnings)
    process.stderr.write(`warning: ${loaded.path}${line === undefined ? '' : `:${line}`}: ${message}\n`);
  const [{ runSupervisor }, { createTerminalView }] = await Promise.all([
    import('../supervisor/index.js'),
    import('../ui/terminal/index.js'),
  ]);
  const view = createTerminalView({ stream: process.stdout, isTerminal: process.stdout.isTTY === true });
  try {
    const result = await runSupervisor({
      loaded,
      run,
      referenceTrainer,
      startOver,
      onEntry: view.onEntry,
      onStatus: view.onStatus,
    });
    view.close();
    for (const line of result.report) process.stderr.write(`${line}\n`);
    return result.exitCode;
  } finally {
    view.close();
  }
}
