/** Whose lines are looked for. */
export interface KernelInterest {
  /** Processes of the attempt. */
  readonly pids: readonly number[];
  /** Names of the disks that have the checkpoints, such as `sda` and `sda1`. */
  readonly disks: readonly string[];
}

const mostLines = 4;
const longestLine = 300;

/** The message of one record of `/dev/kmsg`. Source: Documentation/ABI/testing/dev-kmsg of Linux. Pure. */
export function messageOf(record: string): string {
  // What follows on lines of their own, after a space, is the device that it is about.
  return (/^\d+,\d+,[^;]*;(.*)/.exec(record)?.[1] ?? '').slice(0, longestLine);
}

/** Lines that tell why a process of the attempt ended, oldest first: those that name it, its disk, or a GPU that is gone. Pure. */
export function selectKernelLines(lines: readonly string[], interest: KernelInterest): string[] {
  const tests = [isAboutProcess, isAboutGpu, isAboutDisk];
  return lines.filter((line) => tests.some((test) => test(line, interest))).slice(-mostLines);
}

/** `Killed process 4711 (python)`, `python[4711]: segfault at 0 …`, `traps: node[4711] trap invalid opcode …`. */
function isAboutProcess(line: string, { pids }: KernelInterest): boolean {
  const named =
    /\bKilled process (\d+) \(/.exec(line) ?? /\[(\d+)\]:? (?:segfault at|trap |general protection)/.exec(line);
  return named !== null && pids.includes(Number(named[1]));
}

/** The driver names the process, or nobody when the whole GPU is concerned. The cleanup after a kill (45) is no cause. */
function isAboutGpu(line: string, { pids }: KernelInterest): boolean {
  const [, number, pid] = /\bNVRM: Xid \(.*?\): (\d+)(?:, pid='?(\d+|<unknown>)'?)?/.exec(line) ?? [];
  if (number === undefined || number === '45') return false;
  return pids.includes(Number(pid)) || wholeGpu.has(Number(number));
}

/** Xids after which a GPU serves nobody until it is reset. Source: NVIDIA, "Xid Errors" (GPU Deployment and Management). */
const wholeGpu: ReadonlySet<number> = new Set([48, 62, 74, 79, 95, 119, 120, 140]);

function isAboutDisk(line: string, { disks }: KernelInterest): boolean {
  const [, disk] = diskTroubles.map((pattern) => pattern.exec(line)).find((match) => match !== null) ?? [];
  return disk !== undefined && disks.includes(disk);
}

const diskTroubles: readonly RegExp[] = [
  /\b(?:I\/O|critical (?:medium|target)|protection) error(?: on|,) dev ([\w-]+)/,
  /-fs error \(device ([\w-]+)\)/,
  /-fs \(([\w-]+)\):.*(?:error|read-only|abort)/i,
  /\bXFS \(([\w-]+)\):.*(?:error|shut(?:ting)? ?down|corrupt)/i,
];
