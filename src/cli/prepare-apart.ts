import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
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

/**
 * Loads an experiment and looks at what a first launch needs, in a process of its own: a supervisor that stays for days does
 * without the memory of the schema and all that. Meanwhile the caller can load what it needs itself. Undefined when there is
 * anything to tell: then it is to be done again, here, where it can be told.
 */
export function prepareApart(order: PreparationOrder): Promise<Preparation | undefined> {
  return new Promise((settle) => {
    const script = fileURLToPath(new URL('../../bin/prepare.cjs', import.meta.url));
    const command = [...process.execArgv, script, JSON.stringify(order)];
    // Node reads them at its start, which takes as long as all the rest; it opens no connection.
    const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;
    const child = spawn(process.execPath, command, { env, stdio: ['ignore', 'pipe', 'ignore'] });
    let line = '';
    child.stdout.setEncoding('latin1').on('data', (text: string) => {
      line += text;
      // Its end is not waited for.
      if (line.endsWith('\n')) settle(read(line));
    });
    child.once('error', () => settle(undefined));
    child.once('close', () => settle(undefined));
  });
}

/** A line of our own process, in base64: more can be said so than in JSON, which has no infinity. */
function read(line: string): Preparation | undefined {
  try {
    return deserialize(Buffer.from(line, 'base64')) as Preparation;
  } catch {
    return undefined;
  }
}
