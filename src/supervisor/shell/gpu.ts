import { isOnPath, runTool } from './run-tool.js';

const toolTimeoutMs = 10_000;

/** What the driver says of the machine's GPUs. */
export interface GpuReport {
  /** Index and UUID of each GPU that answers. */
  readonly gpus: readonly { readonly index: string; readonly uuid: string }[];
  /** Processes that hold memory of a GPU. */
  readonly apps: readonly { readonly pid: number; readonly uuid: string; readonly memory: string }[];
}

let hasTool: boolean | undefined;

/** Whether there is `nvidia-smi`; without it nothing is known of GPUs. Looked for once, because every relaunch asks. */
export function hasGpuTool(): boolean {
  hasTool ??= isOnPath('nvidia-smi');
  return hasTool;
}

/** Asks `nvidia-smi`. */
export async function readGpus(): Promise<GpuReport> {
  const [gpus, apps] = await Promise.all([
    query('--query-gpu=index,uuid'),
    query('--query-compute-apps=pid,gpu_uuid,used_memory'),
  ]);
  return {
    gpus: gpus.map(([index = '', uuid = '']) => ({ index, uuid })),
    apps: apps.map(([pid, uuid = '', memory = '']) => ({ pid: Number(pid), uuid, memory })),
  };
}

/** Utilisation, memory, temperature and power of every GPU, as the tool prints them; undefined without one. */
export function describeGpus(): Promise<string | undefined> {
  const fields = 'index,name,utilization.gpu,memory.used,memory.total,temperature.gpu,power.draw,pstate';
  return runTool(['nvidia-smi', `--query-gpu=${fields}`, '--format=csv'], toolTimeoutMs);
}

async function query(what: string): Promise<string[][]> {
  const text = await runTool(['nvidia-smi', what, '--format=csv,noheader,nounits'], toolTimeoutMs);
  const lines = (text ?? '').split('\n').filter((line) => line.trim() !== '');
  return lines.map((line) => line.split(',').map((field) => field.trim()));
}
