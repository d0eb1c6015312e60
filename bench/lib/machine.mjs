// What a figure was measured on.
import { cpus, loadavg, release, totalmem } from 'node:os';

/** Processor, memory (GB), kernel and Node of this machine, the date, and the load (1 minute) at this moment. */
export function describeMachine() {
  const [cpu] = cpus();
  return {
    cores: cpus().length,
    cpu: cpu?.model.trim() ?? 'unknown',
    memoryGb: Math.round(totalmem() / 1e9),
    kernel: release().replace(/-.*$/, ''),
    node: process.version,
    load: Math.round(loadavg()[0]),
    date: new Date().toISOString().slice(0, 10),
  };
}
