import { isOnPath, runTool } from './run-tool.js';

const toolTimeoutMs = 10_000;

/** A GPU that answers. */
export interface GpuDevice {
  readonly index: string;
  readonly uuid: string;
}

/** A process that holds memory of a GPU. */
export interface GpuApp {
  readonly pid: number;
  readonly uuid: string;
  readonly memory: string;
}

let hasTool: boolean | undefined;

/** Whether there is `nvidia-smi`; without it nothing is known of GPUs. Looked for once, because every relaunch asks. */
export function hasGpuTool(): boolean {
  hasTool ??= isOnPath('nvidia-smi');
  return hasTool;
}

/** The GPUs that `nvidia-smi` lists. */
export async function readGpus(): Promise<GpuDevice[]> {
  const gpus = await query('--query-gpu=index,uuid');
  return gpus.map(([index = '', uuid = '']) => ({ index, uuid }));
}

/** The processes that `nvidia-smi` lists; `stop` ends the question. */
export async function readGpuApps(stop?: AbortSignal): Promise<GpuApp[]> {
  const apps = await query('--query-compute-apps=pid,gpu_uuid,used_memory', stop);
  return apps.map(([pid, uuid = '', memory = '']) => ({ pid: Number(pid), uuid, memory }));
}

/** Utilisation, memory, temperature and power of every GPU, as the tool prints them; undefined without one. */
export function describeGpus(): Promise<string | undefined> {
  const fields = 'index,name,utilization.gpu,memory.used,memory.total,temperature.gpu,power.draw,pstate';
  return runTool(['nvidia-smi', `--query-gpu=${fields}`, '--format=csv'], toolTimeoutMs);
}

async function query(what: string, stop?: AbortSignal): Promise<string[][]> {
  const text = await runTool(['nvidia-smi', what, '--format=csv,noheader,nounits'], toolTimeoutMs, stop);
  const lines = (text ?? '').split('\n').filter((line) => line.trim() !== '');
  return lines.map((line) => line.split(',').map((field) => field.trim()));
}
