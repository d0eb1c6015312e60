import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, fstatSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { ExitCode, parseStatus, type RunStatus, readFileBounded, runPaths, SuperviseError } from '../protocol/index.js';
import { quoteWord } from './format.js';
import { type LaunchRecord, launchArguments, superviseScript } from './launch-record.js';

export interface DetachedStart {
  readonly record: LaunchRecord;
  readonly runDir: string;
  readonly startOver: boolean;
}

const pollMs = 20;
/** A big checkpoint takes its time to be verified: that is no reason to keep the shell waiting. */
const mostLaunchWaitMs = 3000;

/**
 * Starts a supervisor in a session of its own, so that the end of this shell is not its end, and waits until it has taken the
 * run on, or says why not. Returns its exit code when it has ended already, else 0.
 * @throws RUN_DIRECTORY when its output has no place
 */
export async function startDetached({ record, runDir, startOver }: DetachedStart): Promise<number> {
  const output = openOutput(runDir);
  const begin = fstatSync(output).size;
  const args = [superviseScript, ...launchArguments(record), ...(startOver ? ['--no-restore'] : [])];
  const child = spawn(process.execPath, args, {
    cwd: record.cwd,
    env: { ...process.env, ...record.environment },
    detached: true,
    stdio: ['ignore', output, output],
  });
  closeSync(output);
  const code = await waitUntilTaken(child, runDir);
  const said = readFileSync(runPaths(runDir).supervisorOutput).subarray(begin).toString('utf8');
  if (code !== undefined) {
    // The supervisor that keeps the run writes there too.
    const own = code === ExitCode.locked ? said.slice(Math.max(0, said.indexOf('supervise: '))) : said;
    (code === ExitCode.ok ? process.stdout : process.stderr).write(own);
    return code;
  }
  child.unref();
  for (const line of describeStarted(runDir, child.pid)) process.stdout.write(`${line}\n`);
  return ExitCode.ok;
}

function openOutput(runDir: string): number {
  try {
    mkdirSync(runDir, { recursive: true });
    return openSync(runPaths(runDir).supervisorOutput, 'a', 0o644);
  } catch (error) {
    throw new SuperviseError('RUN_DIRECTORY', {
      what: `the run directory cannot be used: ${(error as Error).message}`,
      where: runDir,
      hint: 'choose another place with --run-dir',
    });
  }
}

/** Undefined once the run is taken on; the supervisor's exit code when it ends before. */
async function waitUntilTaken(child: ChildProcess, runDir: string): Promise<number | undefined> {
  let code: number | undefined;
  child.once('error', () => {
    code = ExitCode.internal;
  });
  child.once('exit', (status) => {
    code = status ?? ExitCode.internal;
  });
  let takenAt: number | undefined;
  while (code === undefined) {
    const status = readStatus(runDir);
    if (status !== undefined && status.supervisor_pid === child.pid) {
      takenAt ??= performance.now();
      if (isUnderWay(status) || performance.now() - takenAt > mostLaunchWaitMs) return undefined;
    }
    await sleep(pollMs);
  }
  return code;
}

/** A run that ends at once (complete already, a command that cannot be started) is told by its end. */
function isUnderWay({ state, trainer_pid }: RunStatus): boolean {
  return trainer_pid !== null || state === 'waiting' || state === 'backingOff';
}

function readStatus(runDir: string): RunStatus | undefined {
  try {
    return parseStatus(readFileBounded(runPaths(runDir).status).toString('utf8'));
  } catch {
    return undefined;
  }
}

function describeStarted(runDir: string, pid: number | undefined): string[] {
  const run = quoteWord(runDir);
  return [
    `Started in the background: supervisor ${pid}`,
    `  run directory  ${runDir}`,
    `  where it is    supervise status ${run}`,
    `  its output     supervise logs -f ${run}`,
    `  end it         supervise stop ${run}`,
  ];
}
