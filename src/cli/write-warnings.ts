import type { LoadedExperiment } from '../config/index.js';

/** Tells what the file holds that has no effect, or other effects than its author may think. */
export function writeWarnings({ path, warnings }: LoadedExperiment): void {
  for (const { message, line } of warnings)
    process.stderr.write(`warning: ${path}${line === undefined ? '' : `:${line}`}: ${message}\n`);
}
