import process from 'node:process';

/** Milliseconds of processor time since a call: what other processes take does not count. */
export function startCpuTime(): () => number {
  const began = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(began);
    return (user + system) / 1000;
  };
}
