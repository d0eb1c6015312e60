// What a supervisor costs while its child is quiet.
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuNanos, descendants, endAll, readStamps, residentBytes, waitForStamps } from './process.mjs';

/** Start-up work is over by then: compiling, garbage collection, and the minute after which `supervise` takes a trainer for started. */
const warmUpMs = 65_000;

/**
 * Lets all supervisors watch a quiet child for `seconds`, side by side. Returns `{ name: { residentMb, cpuMsPerMinute } }`: the
 * resident memory at the end and the CPU time, of all processes of the supervisor without the child.
 */
export async function measureIdle({ supervisors, openFolder, child, seconds }) {
  const running = [];
  try {
    for (const supervisor of supervisors) {
      const folder = openFolder(`idle-${supervisor.name}`);
      const stamps = `${folder}/stamps`;
      running.push({ supervisor, stamps, handle: supervisor.start(folder, [child, 'idle', stamps]) });
    }
    for (const { stamps } of running) await waitForStamps(stamps, 1);
    await sleep(warmUpMs);
    const before = running.map(sumCpu);
    await sleep(seconds * 1000);
    return Object.fromEntries(
      running.map((one, index) => {
        const cpuMs = Number(sumCpu(one) - before[index]) / 1e6;
        const bytes = processesOf(one).reduce((total, pid) => total + residentBytes(pid), 0);
        return [
          one.supervisor.name,
          {
            residentMb: round(bytes / 1e6),
            cpuMsPerMinute: round((cpuMs / seconds) * 60),
            processes: processesOf(one).length,
          },
        ];
      }),
    );
  } finally {
    await endAll(running.map(({ handle }) => handle));
  }
}

const sumCpu = (one) => processesOf(one).reduce((total, pid) => total + cpuNanos(pid), 0n);

function processesOf({ handle, stamps }) {
  const children = new Set(readStamps(stamps).map(({ pid }) => pid));
  return [handle.pid(), ...descendants(handle.pid(), children)];
}

const round = (value) => Math.round(value * 10) / 10;
