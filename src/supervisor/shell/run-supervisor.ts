import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { type LoadedExperiment, type ResolvedRun, trainerCommand } from '../../config/index.js';
import {
  ExitCode,
  type JournalEntry,
  type JournalRecord,
  monotonicMs,
  type RunStatus,
  runPaths,
  SuperviseError,
  writeFileAtomic,
} from '../../protocol/index.js';
import { describeGiveUp } from '../give-up-report.js';
import { begin } from '../reduce.js';
import { rulesOf } from '../resolve-rules.js';
import { type RunHistory, type RunStart, readHistory } from '../run-history.js';
import type { State, StopIntent } from '../state.js';
import { createEffects } from './effects.js';
import { createHousekeeping, type Housekeeping } from './housekeeping.js';
import { openJournal, readJournal } from './journal-writer.js';
import type { KernelLog } from './kernel-log.js';
import { createNotifier } from './notifier.js';
import { randomToken } from './random-token.js';
import { takeLock } from './run-lock.js';
import { createSession } from './session.js';
import { listenToSignals } from './stop-signals.js';
import { openSupervisorLog } from './supervisor-log.js';

export interface SupervisorOptions {
  readonly loaded: LoadedExperiment;
  readonly run: ResolvedRun;
  /** Program and first arguments of the reference trainer. */
  readonly referenceTrainer: readonly [string, ...string[]];
  /** Program and arguments of the process that works at a remote store. */
  readonly remoteProcess: readonly [string, ...string[]];
  /** Set aside what is there, and start from scratch. */
  readonly startOver: boolean;
  /** End what an earlier supervisor left, and launch nothing. Forced: without waiting for its trainer. */
  readonly endOnly?: 'asked' | 'forced';
  /** The kernel's log, if it is open already. */
  readonly kernelLog?: KernelLog;
  readonly onEntry: (entry: JournalEntry) => void;
  readonly onStatus: (status: RunStatus) => void;
}

export interface SupervisorResult {
  readonly exitCode: number;
  /** Lines for the user: why a run was given up. */
  readonly report: readonly string[];
}

/**
 * Supervises a run until it is complete, given up or stopped. Started again, it continues, or adopts a trainer that still lives.
 * @throws LOCKED when another supervisor keeps the run, RUN_DIRECTORY when its folder cannot be used
 */
export async function runSupervisor(options: SupervisorOptions): Promise<SupervisorResult> {
  const { loaded, run } = options;
  const paths = runPaths(run.runDir);
  inRunDirectory(run.runDir, 'created', () => mkdirSync(run.runDir, { recursive: true }));
  const read = () => inRunDirectory(paths.journal, 'read', () => readJournal(paths.journal));
  const token = readHistory(read().entries).token ?? randomToken();
  const locking = { token, runDir: run.runDir };
  const releaseRun = takeLock({ path: paths.lock, subject: `the run ${loaded.config.experiment_name}`, ...locking });
  // Whoever held the lock until now may have written on; a first supervisor that was beaten to it has another token.
  const { entries, damaged } = read();
  if ((readHistory(entries).token ?? token) !== token) {
    releaseRun();
    return runSupervisor(options);
  }
  try {
    const subject = `the checkpoint directory ${run.checkpointDir}`;
    const releaseCheckpoints = takeLock({ path: join(run.checkpointDir, '.lock'), subject, ...locking });
    try {
      return await superviseLocked(options, entries, token, damaged);
    } finally {
      releaseCheckpoints();
    }
  } finally {
    releaseRun();
  }
}

/** Does what a run cannot begin without; a disk that refuses is the user's to hear of. */
function inRunDirectory<Value>(path: string, done: string, work: () => Value): Value {
  try {
    return work();
  } catch (error) {
    const problem = {
      what: `it cannot be ${done}: ${(error as Error).message}`,
      where: path,
      hint: 'see that its disk is writable and has room, or choose another place with --run-dir',
    };
    throw new SuperviseError('RUN_DIRECTORY', problem, { cause: error });
  }
}

async function superviseLocked(
  options: SupervisorOptions,
  entries: readonly JournalEntry[],
  token: string,
  damaged: number,
): Promise<SupervisorResult> {
  // A relaunch runs code that has run a few times at most: what V8 learns of it has to count from the first time.
  setFlagsFromString('--no-lazy-feedback-allocation');
  const { loaded, run, referenceTrainer } = options;
  const { config } = loaded;
  const paths = runPaths(run.runDir);
  const log = openSupervisorLog(paths.supervisorLog);
  const journal = inRunDirectory(paths.journal, 'opened', () =>
    openJournal(paths.journal, (error) => log.logger.error({ err: error }, 'journal')),
  );
  const notifier = createNotifier(config, log.logger);
  let lastStatus: RunStatus | undefined;
  const onStatus = (status: RunStatus) => {
    lastStatus = status;
    options.onStatus(status);
  };
  const housekeeping = createHousekeeping((error) => log.logger.error({ err: error }, 'housekeeping'));
  const record = (content: JournalRecord) => {
    const entry = journal.append(content);
    housekeeping.later(() => {
      log.entry(entry);
      notifier.onEntry(entry, lastStatus);
      options.onEntry(entry);
    });
    return entry;
  };
  if (damaged > 0) log.logger.warn({ damaged }, 'journal entries that cannot be read are left out');
  const start = chooseStart(options, readHistory(entries));
  const started = record({
    event: 'run_started',
    supervisor_pid: process.pid,
    token,
    start,
    experiment_name: config.experiment_name,
    epochs_total: config.epochs,
    run_dir: run.runDir,
    checkpoint_dir: run.checkpointDir,
    command: trainerCommand({ config, run, resume: false, referenceTrainer }).command,
  });
  inRunDirectory(paths.experiment, 'written', () =>
    // Written anew at every start: the trainer need not wait until it is on the disk.
    writeFileAtomic(paths.experiment, `${JSON.stringify(config, null, 2)}\n`, { durable: false }),
  );
  try {
    // A fresh start forgets what the run was before.
    const history = readHistory(start === 'continued' ? entries : [...entries, started]);
    const watch = { options: { ...options, onStatus }, history, token, start, record, log, housekeeping };
    const state = await superviseToTheEnd(watch);
    return { exitCode: exitCodeOf(state), report: describeEnd(state, options) };
  } finally {
    housekeeping.finish();
    await notifier.close();
    journal.close();
    log.close();
  }
}

/** A fresh start that was asked for in the file holds for the first launch of a run only; the flag always starts over. */
function chooseStart({ loaded, startOver }: SupervisorOptions, history: RunHistory): RunStart {
  const { no_restore, resume } = loaded.config;
  const isUnfinished = history.hasStarted && !history.isCompleted;
  if (startOver || (isUnfinished && history.isFreshPending)) return 'fresh';
  if (isUnfinished) return 'continued';
  if (no_restore || !resume) return 'fresh';
  return history.hasStarted ? 'continued' : 'new';
}

interface Watch {
  readonly options: SupervisorOptions;
  readonly history: RunHistory;
  readonly token: string;
  readonly start: RunStart;
  readonly record: (content: JournalRecord) => JournalEntry;
  readonly log: ReturnType<typeof openSupervisorLog>;
  readonly housekeeping: Housekeeping;
}

function superviseToTheEnd({ options, history, token, start, record, log, housekeeping }: Watch): Promise<State> {
  return new Promise((settle, fail) => {
    const effects = createEffects({ ...options, history, token, start, record, housekeeping, logger: log.logger });
    const first = begin(rulesOf(options.loaded.config), history.facts, intentOf(options));
    const end = (outcome: () => void) => {
      stopListening();
      void effects.close().then(outcome, fail);
    };
    const session = createSession(
      first,
      (effect, state) => {
        try {
          if (effect.type === 'finish') end(() => settle(session.state()));
          else effects.perform(effect, state, session);
        } catch (error) {
          end(() => fail(error));
        }
      },
      () => monotonicMs(),
    );
    const stopListening = listenToSignals(
      (reason) => session.dispatch({ type: 'stopRequested', reason }),
      () => log.logger.info('SIGHUP: the terminal is gone; the run goes on'),
    );
  });
}

function intentOf({ endOnly }: SupervisorOptions): StopIntent | undefined {
  if (endOnly === undefined) return undefined;
  return { reason: 'supervise stop', at: monotonicMs(), isForced: endOnly === 'forced' };
}

function exitCodeOf({ name }: State): number {
  switch (name) {
    case 'completed':
      return ExitCode.ok;
    case 'stopped':
      return ExitCode.stopped;
    case 'gaveUp':
      return ExitCode.gaveUp;
    default:
      return ExitCode.internal;
  }
}

function describeEnd(state: State, { run }: SupervisorOptions): string[] {
  const { attempt } = state.run;
  const output = attempt === 0 ? undefined : outputOf(run.runDir, attempt);
  return describeGiveUp(state, { runDir: run.runDir, checkpointDir: run.checkpointDir, output });
}

function outputOf(runDir: string, attempt: number): string {
  return join(runPaths(runDir).attempts, String(attempt).padStart(4, '0'), 'output.log');
}
