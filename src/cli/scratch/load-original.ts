import { type LoadedExperiment, loadExperiment, type ResolvedRun, resolveRun } from '../../config/index.js';
import { experimentOf, settingsOf } from '../start-options.js';

/** Loads the experiment that scratch runs are copies of. `--seed` and `--epochs` are not its own, where `owns` names them. */
export function loadOriginal(
  parsed: Readonly<Record<string, unknown>>,
  command: string,
  owns: readonly ('seed' | 'epochs')[] = [],
): { readonly loaded: LoadedExperiment; readonly run: ResolvedRun } {
  const path = experimentOf(parsed, command);
  const flags = settingsOf({ ...parsed, ...Object.fromEntries(owns.map((name) => [name, undefined])) });
  const loaded = loadExperiment({ path, flags, env: process.env });
  return { loaded, run: resolveRun(loaded, process.cwd()) };
}
