import { join } from 'node:path';
import type { BackendName } from './backend.js';
import { packageRoot } from './native/native-home.js';
import { runProgram } from './native/run-program.js';
import type { OpResult } from './op-suite/check-op.js';

/** What a backend is like on this machine. */
export type ProbedBackend =
  | {
      readonly works: true;
      readonly name: BackendName;
      readonly device: string;
      readonly version?: string;
      readonly isGpu: boolean;
      /** Time to load it and to pass the self-test. */
      readonly startMs: number;
      /** Results of the op suite, when it was asked for. */
      readonly ops: readonly OpResult[];
    }
  | { readonly works: false; readonly name: BackendName; readonly reason: string };

export interface ProbeOptions {
  /** Runs the op suite too, with so many derivatives of each parameter. */
  readonly samples?: number;
  readonly env?: Readonly<Record<string, string>>;
}

const startTimeoutMs = 120_000;
const suiteTimeoutMs = 1_800_000;

/** Starts a backend in a process of its own, and tells what became of it; whatever happens there is a result. */
export async function probeBackend(
  name: BackendName,
  { samples, env = {} }: ProbeOptions = {},
): Promise<ProbedBackend> {
  const main = join(packageRoot(), 'dist/trainer/backends/probe-main.js');
  const args = [main, name, ...(samples === undefined ? [] : [String(samples)])];
  const timeoutMs = samples === undefined ? startTimeoutMs : suiteTimeoutMs;
  const { code, stdout, stderr } = await runProgram(process.execPath, args, { timeoutMs, env });
  const line = stdout.split('\n').find((text) => text.startsWith('{"works":'));
  if (line !== undefined) return JSON.parse(line) as ProbedBackend;
  const lastLine = stderr.trim().split('\n').at(-1) ?? '';
  return { works: false, name, reason: `its process ends with ${code ?? 'a signal'}: ${lastLine}` };
}
