import { createRequire } from 'node:module';
import { deserialize } from 'node:v8';
import type { LoadedExperiment, ResolvedRun } from '../config/index.js';

/** What is to be prepared. */
export interface PreparationOrder {
  readonly experiment: string;
  readonly flags: Readonly<Record<string, unknown>>;
  readonly cwd: string;
  readonly referenceTrainer: readonly [string, ...string[]];
}

/** An experiment that was loaded, and whose preflight found nothing. */
export interface Preparation {
  readonly loaded: LoadedExperiment;
  readonly run: ResolvedRun;
}

/** Of bin/start-prepare.cjs: the launcher may have started the process already. */
interface StartPrepare {
  readonly startPreparing: (order: Pick<PreparationOrder, 'experiment' | 'flags'>) => Promise<string | undefined>;
}

/**
 * Loads an experiment and looks at what a first launch needs, in a process of its own: a supervisor that stays for days does
 * without the memory of the schema and all that. Meanwhile the caller can load what it needs itself. Undefined when there is
 * anything to tell: then it is to be done again, here, where it can be told.
 */
export async function prepareApart(
  order: Pick<PreparationOrder, 'experiment' | 'flags'>,
): Promise<Preparation | undefined> {
  const { startPreparing } = createRequire(import.meta.url)('../../bin/start-prepare.cjs') as StartPrepare;
  const line = await startPreparing(order);
  return line === undefined ? undefined : read(line);
}

/** A line of our own process, in base64: more can be said so than in JSON, which has no infinity. */
function read(line: string): Preparation | undefined {
  try {
    return deserialize(Buffer.from(line, 'base64')) as Preparation;
  } catch {
    return undefined;
  }
}
