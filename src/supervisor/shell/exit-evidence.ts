import type { ExitStatus, Heartbeat } from '../../protocol/index.js';
import type { ExitEvidence } from '../event.js';
import { isDiskFull } from './find-shortage.js';
import type { HeldMemory } from './held-memory.js';
import type { KernelLog } from './kernel-log.js';
import { readLogTail } from './log-tail.js';
import { countOomKills } from './oom-kills.js';
import { readHeartbeat } from './watch-trainer-files.js';

export interface EndedTrainer {
  readonly attempt: number;
  readonly pid: number;
  /** Its log. */
  readonly output: string;
  /** The kernel's count when it was started; undefined when nobody knows. */
  readonly oomKillsBefore: number | undefined;
}

export interface EvidenceSources {
  readonly checkpointDir: string;
  /** The heartbeat's file. */
  readonly heartbeat: string;
  readonly kernelLog: KernelLog;
  readonly heldMemory: HeldMemory;
}

/** What tells why a trainer has ended: its log, the kernel's count and log, the disk. A relaunch waits for it. */
export function gatherEvidence(
  trainer: EndedTrainer | undefined,
  status: ExitStatus,
  { checkpointDir, heartbeat, kernelLog, heldMemory }: EvidenceSources,
): ExitEvidence {
  const oomKills = countOomKills();
  const before = trainer?.oomKillsBefore;
  const lastHeartbeat = readHeartbeat(heartbeat);
  const own = lastHeartbeat?.attempt === trainer?.attempt ? lastHeartbeat : undefined;
  return {
    logTail: trainer === undefined ? [] : readLogTail(trainer.output),
    oomKills: oomKills === undefined || before === undefined ? undefined : oomKills - before,
    isDiskFull: isDiskFull(checkpointDir),
    heartbeat: own,
    heldMemory: heldMemory.found(),
    kernelLines: status.code === 0 ? [] : kernelLog.read({ pids: pidsOf(trainer, own), directory: checkpointDir }),
  };
}

/** The trainer, and whoever writes its heartbeat: a wrapper's child is what trains. */
function pidsOf(trainer: EndedTrainer | undefined, heartbeat: Heartbeat | undefined): number[] {
  return [trainer?.pid, heartbeat?.pid].filter((pid) => pid !== undefined);
}
