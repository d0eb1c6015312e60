import { availableParallelism, cpus, freemem, totalmem } from 'node:os';
import { findProgram } from '../../supervisor/preflight/check-command.js';
import { type Gpu, gpuFields, parseGpus } from '../../supervisor/preflight/parse-gpus.js';
import { findTensorflow, type PythonTensorflow } from '../../trainer/backends/native/find-tensorflow.js';
import { nativeHome } from '../../trainer/backends/native/native-home.js';
import { type NativeRecord, readNativeRecord } from '../../trainer/backends/native/native-record.js';
import { runProgram } from '../../trainer/backends/native/run-program.js';
import type { ProbedBackend } from '../../trainer/backends/probe-backend.js';

/** What the doctor sees. */
export interface Machine {
  readonly node: string;
  readonly platform: string;
  readonly processors: { readonly count: number; readonly model: string };
  readonly memory: { readonly totalBytes: number; readonly freeBytes: number };
  /** NVIDIA's, as nvidia-smi names them; none without it. */
  readonly gpus: readonly Gpu[];
  readonly python: PythonTensorflow | { readonly problem: string };
  /** What `npm run native` has built. */
  readonly native: NativeRecord | undefined;
  readonly backends: readonly ProbedBackend[];
}

const gpuTimeoutMs = 20_000;

/** Looks at everything but the backends. */
export async function inspectMachine(): Promise<Omit<Machine, 'backends'>> {
  const [gpus, python] = await Promise.all([readGpus(), readPython()]);
  return {
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    processors: { count: availableParallelism(), model: cpus()[0]?.model.trim() ?? 'unknown' },
    memory: { totalBytes: totalmem(), freeBytes: freemem() },
    gpus,
    python,
    native: readNativeRecord(nativeHome()),
  };
}

async function readGpus(): Promise<Gpu[]> {
  const tool = findProgram('nvidia-smi', process.cwd(), process.env['PATH'] ?? '');
  if (tool === undefined) return [];
  const args = [`--query-gpu=${gpuFields.join(',')}`, '--format=csv,noheader,nounits'];
  const { code, stdout } = await runProgram(tool.path, args, { timeoutMs: gpuTimeoutMs });
  return code === 0 ? parseGpus(stdout) : [];
}

async function readPython(): Promise<Machine['python']> {
  try {
    return await findTensorflow();
  } catch (error) {
    return { problem: (error as Error).message.split('\n')[0] ?? '' };
  }
}
