import type { EventOf } from '../event.js';
import type { Ending, GiveUpReason, State, StateOf } from '../state.js';
import { cancelTimers, enter, journal, publish, type Step, withRun } from './step.js';

const finish = { type: 'finish' } as const;

/** The epochs are done. */
export function complete(state: State, hasLaunched: boolean): Step {
  const isEarly = state.run.progress.epochs < state.rules.epochsTotal;
  return uploadFirst(state, { name: 'completed', isEarly, hasLaunched });
}

/** The run ends because somebody asked for it; starting it again continues it. */
export function stop(state: State): Step {
  return uploadFirst(state, { name: 'stopped' });
}

/** What cannot succeed is not tried again. */
export function giveUp(state: State, reason: GiveUpReason, explanation: string): Step {
  return uploadFirst(state, { name: 'gaveUp', reason, explanation });
}

/** With a remote store, a run is over once its work is there too, or the wait for it is. */
function uploadFirst(state: State, ending: Ending): Step {
  const { upload } = state.rules;
  const { attempt, progress } = state.run;
  const waitMs = ending.name === 'completed' ? upload?.completedMs : upload?.stoppedMs;
  const hasWork = progress.epochs > 0 || progress.partialStep > 0;
  if (waitMs === undefined || !hasWork) return end(state, ending);
  return {
    state: enter<'uploading'>(state, { name: 'uploading', ending }),
    effects: [
      cancelTimers,
      journal({ event: 'uploading', wait_ms: waitMs }),
      { type: 'awaitUpload' },
      { type: 'armTimer', timer: 'upload', attempt, delayMs: waitMs },
      publish,
    ],
  };
}

export function uploading_uploadSettled(state: StateOf<'uploading'>): Step {
  return end(state, state.ending);
}

/** What is not uploaded by now is told, and no reason not to end. */
export function uploading_timerFired(state: StateOf<'uploading'>, { timer }: EventOf<'timerFired'>): Step {
  return timer === 'upload' ? end(state, state.ending) : { state, effects: [] };
}

/** Whoever asks now does not want to wait: the work itself is over. */
export function uploading_stopRequested(state: StateOf<'uploading'>, event: EventOf<'stopRequested'>): Step {
  const isForced = state.intent !== undefined;
  const request = journal({ event: 'stop_requested', reason: event.reason, forced: isForced });
  const ended = end(withIntent(state, event), state.ending);
  return { state: ended.state, effects: [request, ...ended.effects] };
}

function end(state: State, ending: Ending): Step {
  return {
    state: enter<Ending['name']>(state, ending),
    effects: [cancelTimers, journal(recordOf(state, ending)), publish, finish],
  };
}

function recordOf({ rules, run, intent }: State, ending: Ending) {
  const counts = { epochs_completed: run.progress.epochs, epochs_total: rules.epochsTotal };
  switch (ending.name) {
    case 'completed':
      return { event: 'completed', ...counts, early: ending.isEarly, launched: ending.hasLaunched } as const;
    case 'stopped':
      return { event: 'stopped', reason: intent?.reason ?? 'a stop request', ...counts } as const;
    case 'gaveUp': {
      const { reason, explanation } = ending;
      return { event: 'gave_up', reason, explanation, class: run.lastFailure?.class, ...counts } as const;
    }
  }
}

/** The run ends at once: no trainer is there to be stopped. */
export function stopRequested_withoutTrainer(state: State, event: EventOf<'stopRequested'>): Step {
  const stopped = stop(withIntent(state, event));
  const request = journal({ event: 'stop_requested', reason: event.reason, forced: false });
  return { state: stopped.state, effects: [request, ...stopped.effects] };
}

/** Notes the intent to end the run; an earlier cause stays. */
export function withIntent(state: State, { reason, at }: EventOf<'stopRequested'>): State {
  return { ...state, intent: state.intent ?? { reason, at } };
}

/** Forgets the trainer's last heartbeat: the attempt is over. */
export function withoutHeartbeat(state: State): State {
  return withRun(state, { heartbeat: undefined, heartbeatAt: undefined });
}
