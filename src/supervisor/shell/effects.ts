import { setFlagsFromString } from 'node:v8';
import { retentionRules } from '../../config/index.js';
import { attemptPaths, type ExitStatus, runPaths } from '../../protocol/index.js';
import type { Effect } from '../effect.js';
import { noProgress, progressOfRecord } from '../progress.js';
import { suspicious } from '../repeated-failure.js';
import { readEpochInfos } from '../run-history.js';
import type { State } from '../state.js';
import { createAttemptFiles } from './attempt-files.js';
import { clearGeneration } from './clear-generation.js';
import { describeLaunch } from './describe-launch.js';
import type { EffectsOptions } from './effects-options.js';
import { gatherEvidence } from './exit-evidence.js';
import { findAdoptable } from './find-adoptable.js';
import { createHeldMemory } from './held-memory.js';
import { inspectTrainer } from './inspect-trainer.js';
import { readJournal } from './journal-writer.js';
import { openKernelLog } from './kernel-log.js';
import { createNextAttempt } from './next-attempt.js';
import { countOomKills } from './oom-kills.js';
import { prepareLaunch } from './prepare-launch.js';
import { readBootId } from './processes.js';
import { pruneAttempts } from './prune-attempts.js';
import { createPublisher } from './publisher.js';
import { recordFailure } from './record-failure.js';
import { keepRehearsing, rehearseRelaunch } from './rehearse-relaunch.js';
import { createRemoteEffects } from './remote-effects.js';
import type { Session } from './session.js';
import { spawnTrainer } from './spawn-trainer.js';
import { createTimers } from './timers.js';
import { signalTrainer, type TrainerProcess, watchAdopted } from './trainer-process.js';
import { readProgress } from './watch-trainer-files.js';

export interface Effects {
  readonly perform: (effect: Effect, state: State, session: Session) => void;
  /** Ends what is left of the run's processes, and everything that still listens. */
  readonly close: () => Promise<void>;
}

/**
 * A supervisor starts without the optimizing compiler: the first function that is optimized costs the 3.5 MB of the compiler
 * itself. One that relaunches is to get faster at it.
 */
function optimize(): void {
  setFlagsFromString('--opt');
}

/** Performs the effects of the core with real processes, files and timers. */
export function createEffects(options: EffectsOptions): Effects {
  const { loaded, run, token, history, record, housekeeping, logger } = options;
  const { config } = loaded;
  const paths = runPaths(run.runDir);
  const underWay = new Set<Promise<void>>();
  let dispatch: Session['dispatch'] = () => undefined;
  let trainer: TrainerProcess | undefined;
  let isFresh = options.start === 'fresh';
  let isFirst = true;
  let device = history.checkpointDevice;
  const heldMemory = createHeldMemory((line) => logger.warn(line));
  const kernelLog = options.kernelLog ?? openKernelLog();
  const next = createNextAttempt(options, (reason) => logger.warn(`warm spare: ${reason}`));
  const isReferenceTrainer = config.trainer.command === undefined;
  // `dispatch` is known from the first effect on.
  const files = createAttemptFiles(options, (event) => dispatch(event));
  let lastState: State | undefined;
  const remote = createRemoteEffects(options, () =>
    lastState === undefined ? undefined : publisher.publish(lastState),
  );
  const publisher = createPublisher({ ...options, remote: remote.status }, (state) => {
    lastState = state;
    inBackground(next.keep(state));
    inBackground(remote.onState(state));
  });
  const timers = createTimers((timer, attempt, lateMs) => dispatch({ type: 'timerFired', timer, attempt, lateMs }));

  const inBackground = (work: Promise<void> | undefined) => {
    if (work === undefined) return;
    const tracked = work
      .catch((error: unknown) => logger.error({ err: error }, 'effect'))
      .finally(() => underWay.delete(tracked));
    underWay.add(tracked);
  };

  const prepare = async (state: State, stepBack: boolean) => {
    const adoptable = isFirst && !isFresh ? findAdoptable(history) : undefined;
    isFirst = false;
    if (adoptable !== undefined) {
      // A spare of the dead supervisor is of no use to us.
      await clearGeneration({ token, except: { attempt: adoptable.attempt }, graceMs: 1000, killWaitMs: 5000 });
      return adopt(adoptable);
    }
    const prepared = await prepareLaunch({
      token,
      spare: next.spare(),
      checkpointDir: run.checkpointDir,
      epochBase: config.trainer.epoch_base,
      verify: config.checkpoints.verify,
      pattern: config.trainer.checkpoint_pattern,
      pruneRules: retentionRules(config),
      isFresh,
      known: state.run.progress,
      mostEpochs: state.run.mostEpochs,
      device,
      lastEpochInfo: isFresh ? undefined : (state.run.progress.raw ?? history.lastEpochInfo),
      readEpochInfos: () => readEpochInfos(readJournal(paths.journal).entries),
      killWaitMs: state.rules.killWaitMs,
      journal: record,
      stepBack: stepBack ? `the same failure ${suspicious} times in a row after it` : undefined,
      lastClass: state.run.lastFailure?.class,
      gpu: config.training.gpu_id,
      heldMemory,
      log: (line) => logger.warn(line),
      remote: remote.source(state),
    });
    if ('missing' in prepared) {
      const { missing: resource, detail } = prepared;
      return dispatch({ type: 'resourceChanged', resource, detail, isAvailable: false });
    }
    isFresh = false;
    device = prepared.verified.device;
    return dispatch({ type: 'checkpointVerified', verified: prepared.verified });
  };

  const failPreparation = (error: Error) => {
    logger.error({ err: error }, 'prepare');
    const detail = `the launch cannot be prepared: ${error.message}`;
    dispatch({ type: 'resourceChanged', resource: 'processes', detail, isAvailable: false });
  };

  const adopt = ({ attempt, pid, startTime }: { attempt: number; pid: number; startTime: string }) => {
    const progress =
      readProgress(run.checkpointDir, config.trainer.epoch_base) ??
      progressOfRecord(history.lastEpochInfo, config.trainer.epoch_base) ??
      noProgress;
    const { output } = attemptPaths(paths, attempt);
    trainer = { attempt, pid, startTime, output, oomKillsBefore: undefined };
    // Of its end no more will be known than that its first thread is gone.
    heldMemory.suspect([pid]);
    dispatch({
      ...{ type: 'adopted', attempt, progress, bootId: readBootId() },
      trainer: { pid, startTime, isAdopted: true },
    });
    files.watch(attempt);
    housekeeping.later(() => kernelLog.skip());
    inBackground(watchAdopted(trainer).then((ended) => onExit(attempt, ended)));
  };

  const spawn = async (effect: Extract<Effect, { type: 'spawn' }>, session: Session) => {
    const { attempt, resume, halvings } = effect;
    const { output } = attemptPaths(paths, attempt);
    const launch = describeLaunch(options, effect);
    // A spare was started before the divergence that it would have to be told of.
    const isUntold = !isReferenceTrainer && session.state().run.lastFailure?.class === 'diverged';
    const warm = halvings === 0 && !isUntold && next.isWarm(attempt);
    record({ event: 'launching', attempt, resume, command: launch.command, warm });
    const oomKillsBefore = countOomKills();
    const isSkipped = kernelLog.skipNew();
    const spawned = next.take({ attempt, resume, warm, launch }) ?? (await spawnTrainer(launch, output));
    if ('reason' in spawned) return dispatch({ type: 'spawnFailed', attempt, jitter: Math.random(), ...spawned });
    const { pid, startTime, ended } = spawned;
    heldMemory.note(pid);
    trainer = { attempt, pid, startTime, output, oomKillsBefore };
    dispatch({
      ...{ type: 'spawned', attempt, output, bootId: readBootId() },
      trainer: { pid, startTime, isAdopted: false },
    });
    files.watch(attempt);
    housekeeping.later(() => inBackground(heldMemory.lookBeside()));
    if (!isSkipped) housekeeping.later(() => kernelLog.skip());
    housekeeping.later(() => inBackground(next.park(attempt + 1, halvings)));
    housekeeping.later(() => pruneAttempts(paths, attempt));
    keepRehearsing({
      isOver: () => files.watched() !== attempt,
      rehearse: () => {
        const readNow = () => readProgress(run.checkpointDir, config.trainer.epoch_base);
        rehearseRelaunch(session.state(), { token, attempt, output, readProgress: readNow });
      },
      onError: (error) => logger.error({ err: error }, 'effect'),
    });
    if (effect.attempt > 1) housekeeping.later(optimize);
    inBackground(ended.then((result) => onExit(attempt, result)));
  };

  const inspect = async (attempt: number) => {
    const { epoch_base: epochBase } = config.trainer;
    const inspection = await inspectTrainer({ run, token, attempt, epochBase, isReferenceTrainer, logger });
    dispatch({ type: 'inspected', attempt, inspection });
  };

  const onExit = (attempt: number, ended: ExitStatus) => {
    files.leave();
    const { checkpointDir } = run;
    dispatch({
      type: 'exited',
      attempt,
      status: ended,
      progress: readProgress(checkpointDir, config.trainer.epoch_base),
      evidence: gatherEvidence(trainer, ended, { checkpointDir, heartbeat: paths.heartbeat, kernelLog, heldMemory }),
      jitter: Math.random(),
    });
  };

  return {
    perform: (effect, state, session) => {
      dispatch = session.dispatch;
      switch (effect.type) {
        case 'prepare':
          return inBackground(prepare(state, effect.stepBack).catch(failPreparation));
        case 'spawn':
          return inBackground(spawn(effect, session));
        case 'inspect':
          return inBackground(inspect(effect.attempt));
        case 'signal':
          return trainer?.attempt === effect.attempt ? signalTrainer(trainer, token, effect.signals) : undefined;
        case 'armTimer':
          return timers.arm(effect.timer, effect.attempt, effect.delayMs);
        case 'cancelTimers':
          return timers.cancelAll();
        case 'journal':
          return void record(effect.record);
        case 'recordFailure':
          if (state.name === 'backingOff') heldMemory.askEarly(effect.failure.class);
          return housekeeping.later(() => recordFailure(attemptPaths(paths, effect.attempt).failure, effect));
        case 'awaitUpload':
          return inBackground(remote.settled(state).then(() => dispatch({ type: 'uploadSettled' })));
        case 'publish':
          return publisher.publish(state);
        case 'finish':
          return undefined;
      }
    },
    close: async () => {
      timers.cancelAll();
      next.dismiss();
      heldMemory.close();
      await remote.close();
      files.close();
      housekeeping.finish();
      publisher.close();
      kernelLog.close();
      // A stop that came before a living trainer was adopted: it gets the time to save that it would have had.
      const isOrphaned = trainer === undefined && findAdoptable(history) !== undefined;
      const graceMs = isOrphaned ? config.restart.stop_grace_ms : 1000;
      await clearGeneration({ token, graceMs, killWaitMs: 5000 });
    },
  };
}
