import { mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicMs } from '../../protocol/index.js';
import { findRunProcesses, type RunProcess } from './find-run-processes.js';
import { describeGpus } from './gpu.js';
import { readLogTail } from './log-tail.js';
import { runTool } from './run-tool.js';
import { sampleNode } from './sample-node.js';
import { signalProcess } from './signal-process.js';

export interface EvidenceOptions {
  readonly token: string;
  readonly attempt: number;
  /** Folder of the attempt; the evidence goes into `hang/` below it. */
  readonly folder: string;
  readonly output: string;
  /** Whether the trainer is ours: it answers SIGQUIT with a diagnostic report. */
  readonly answersReports: boolean;
}

const stackDumpTimeoutMs = 10_000;
const reportWaitMs = 2000;
const kernelFiles = ['status', 'wchan', 'stack', 'syscall', 'io'] as const;

/**
 * Collects what shows where a silent trainer waits, before it is ended: the kernel's view of every process of the run, stacks of
 * Python (py-spy, when installed) and of Node (by its profiler; our own writes a report besides), the GPUs, the last lines of the log. Returns the folder. Bounded.
 */
export async function collectEvidence({
  token,
  attempt,
  folder,
  output,
  answersReports,
}: EvidenceOptions): Promise<string> {
  const target = join(folder, 'hang');
  mkdirSync(target, { recursive: true });
  // The next attempt's process may already be waiting.
  const processes = findRunProcesses(token).filter((one) => (one.attempt ?? attempt) === attempt);
  const write = (name: string, text: string | undefined) => {
    if (text !== undefined) writeFileSync(join(target, name), `${text}\n`);
  };
  write('processes.txt', processes.map(describeProcess).join('\n\n'));
  write('log-tail.txt', readLogTail(output).join('\n'));
  const stacks = processes.filter(isPython).map(async ({ pid }) => {
    write(`py-spy-${pid}.txt`, await runTool(['py-spy', 'dump', '--pid', String(pid)], stackDumpTimeoutMs));
  });
  await Promise.all([
    ...stacks,
    describeGpus().then((text) => write('gpu.txt', text)),
    answersReports ? requestReport(processes, target) : undefined,
    ...processes
      .filter(({ pid, group }) => pid === group)
      .map(async (leader) => {
        const sample = await sampleNode(leader, output);
        write(`node-stack-${leader.pid}.txt`, sample?.stack);
        write(`node-${leader.pid}.cpuprofile`, sample?.profile);
      }),
  ]);
  return target;
}

function describeProcess({ pid, parent, group, command }: RunProcess): string {
  const files = kernelFiles.map((name) => `-- ${name}\n${readProc(`${pid}/${name}`)}`);
  const threads = listThreads(pid).map((thread) => `${thread} ${readProc(`${pid}/task/${thread}/wchan`)}`);
  return [
    `== process ${pid}, parent ${parent}, group ${group}: ${command}`,
    `cwd ${readLink(`${pid}/cwd`)}`,
    ...files,
    `-- wchan of each thread\n${threads.join('\n')}`,
  ].join('\n');
}

function isPython({ command }: RunProcess): boolean {
  return /(^|\/)python[\d.]*(\s|$)/.test(command);
}

/** Node writes a report with the JavaScript and native stacks on this signal, also out of a busy loop. */
async function requestReport(processes: readonly RunProcess[], target: string): Promise<void> {
  const leader = processes.find(({ pid, group }) => pid === group);
  if (leader === undefined) return;
  signalProcess(leader, 'SIGQUIT');
  const deadline = monotonicMs() + reportWaitMs;
  while (monotonicMs() < deadline && !readdirSync(target).some((name) => name.startsWith('report'))) await sleep(50);
}

function listThreads(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

function readProc(path: string): string {
  try {
    return readFileSync(`/proc/${path}`, 'utf8').trimEnd();
  } catch (error) {
    return `(${(error as Error).message})`;
  }
}

function readLink(path: string): string {
  try {
    return readlinkSync(`/proc/${path}`);
  } catch {
    return '';
  }
}
