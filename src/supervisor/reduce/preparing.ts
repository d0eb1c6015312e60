import type { EventOf } from '../event.js';
import { meanTimeBetweenFailuresMs } from '../failure-rate.js';
import { isFinished } from '../progress.js';
import type { State, StateOf } from '../state.js';
import { complete, giveUp, stop } from './ending.js';
import { farthest, unseenEpochRecords } from './facts.js';
import { cancelTimers, enter, journal, publish, type Step, withRun } from './step.js';
import { stopAdopted } from './stopping.js';

/** Clears away the previous generation and verifies the checkpoint, with the next launch in mind. */
export function prepare(state: State, waitingSince?: number): Step {
  return {
    state: enter<'preparing'>(state, { name: 'preparing', waitingSince }),
    effects: [cancelTimers, { type: 'prepare', stepBack: state.run.stepBack }, publish],
  };
}

/** The checkpoint decides where the run stands: it is launched from there, or it is complete already. */
export function preparing_checkpointVerified(state: StateOf<'preparing'>, event: EventOf<'checkpointVerified'>): Step {
  const { verified } = event;
  const { progress } = verified;
  const known = withRun(state, { progress, ...farthest(state.run, progress), stepBack: false });
  const record = journal({
    event: 'checkpoint_verified',
    resume: verified.resume,
    last_completed_epoch: progress.epochs,
    epochs_total: state.rules.epochsTotal,
    checkpoint: progress.checkpoint,
    checkpoint_dir: verified.checkpointDir,
    set_aside: verified.setAside,
    device: verified.device,
    notes: verified.notes,
  });
  const step = afterPreparation(known, verified.resume);
  return { state: step.state, effects: [...unseenEpochRecords(state, progress), record, ...step.effects] };
}

function afterPreparation(state: State, resume: boolean): Step {
  if (isFinished(state.run.progress, state.rules.epochsTotal)) return complete(state, false);
  return state.intent === undefined ? launch(state, resume) : stop(state);
}

/** A trainer of an earlier supervisor lives: it is watched to its end, and none is launched beside it. When the run is to be ended, it is stopped. */
export function preparing_adopted(state: StateOf<'preparing'>, event: EventOf<'adopted'>): Step {
  const { attempt, trainer, bootId, progress, at } = event;
  const adopted = withRun(state, {
    attempt,
    progress,
    launchedFrom: progress,
    ...farthest(state.run, progress),
    launchedAt: at,
    progressAt: at,
    epochAt: at,
    signAt: at,
  });
  const { pid, startTime } = trainer;
  const record = journal({ event: 'adopted', attempt, pid, start_time: startTime, boot_id: bootId });
  const running = enter<'running'>(adopted, { name: 'running', trainer, isLingering: false });
  const known = [record, ...unseenEpochRecords(withRun(state, { attempt }), progress), publish];
  if (state.intent === undefined) return { state: running, effects: known };
  const step = stopAdopted(running as StateOf<'running'>, state.intent);
  return { state: step.state, effects: [...known, ...step.effects] };
}

/** Something that a launch needs is missing: wait for it, but not for ever. */
export function preparing_resourceChanged(state: StateOf<'preparing'>, event: EventOf<'resourceChanged'>): Step {
  const { resource, detail, isAvailable, at } = event;
  if (isAvailable) return { state, effects: [] };
  if (state.intent !== undefined) return stop(state);
  const since = state.waitingSince ?? at;
  if (at - since >= state.rules.maxWaitMs) return giveUp(state, 'waited-too-long', detail);
  const record = journal({ event: 'waiting', resource, detail });
  return {
    state: enter<'waiting'>(state, { name: 'waiting', resource, detail, since }),
    effects: [
      ...(state.waitingSince === undefined ? [record] : []),
      { type: 'armTimer', timer: 'recheck', attempt: state.run.attempt, delayMs: state.rules.recheckMs },
      publish,
    ],
  };
}

function launch(state: State, resume: boolean): Step {
  const attempt = state.run.attempt + 1;
  const next = withRun(state, {
    attempt,
    launchedFrom: state.run.progress,
    heartbeat: undefined,
    firstEpochsMs: undefined,
  });
  return {
    state: enter<'starting'>(next, { name: 'starting', trainer: undefined, resume }),
    effects: [
      {
        type: 'spawn',
        attempt,
        resume,
        halvings: next.run.halvings,
        divergences: next.run.divergences,
        mtbfMs: meanTimeBetweenFailuresMs(next.run, next.rules.expectedMtbfMs),
      },
      publish,
    ],
  };
}
