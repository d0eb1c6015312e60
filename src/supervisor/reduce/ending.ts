import type { EventOf } from '../event.js';
import type { GiveUpReason, State } from '../state.js';
import { cancelTimers, enter, journal, publish, type Step, withRun } from './step.js';

const finish = { type: 'finish' } as const;

/** The epochs are done. */
export function complete(state: State, hasLaunched: boolean): Step {
  const { rules, run } = state;
  const isEarly = run.progress.epochs < rules.epochsTotal;
  const record = journal({
    event: 'completed',
    epochs_completed: run.progress.epochs,
    epochs_total: rules.epochsTotal,
    early: isEarly,
    launched: hasLaunched,
  });
  return {
    state: enter<'completed'>(state, { name: 'completed', isEarly, hasLaunched }),
    effects: [cancelTimers, record, publish, finish],
  };
}

/** The run ends because somebody asked for it; starting it again continues it. */
export function stop(state: State): Step {
  const { rules, run, intent } = state;
  const record = journal({
    event: 'stopped',
    reason: intent?.reason ?? 'a stop request',
    epochs_completed: run.progress.epochs,
    epochs_total: rules.epochsTotal,
  });
  return {
    state: enter<'stopped'>(state, { name: 'stopped' }),
    effects: [cancelTimers, record, publish, finish],
  };
}

/** What cannot succeed is not tried again. */
export function giveUp(state: State, reason: GiveUpReason, explanation: string): Step {
  const { rules, run } = state;
  const record = journal({
    event: 'gave_up',
    reason,
    explanation,
    class: run.lastFailure?.class,
    epochs_completed: run.progress.epochs,
    epochs_total: rules.epochsTotal,
  });
  return {
    state: enter<'gaveUp'>(state, { name: 'gaveUp', reason, explanation }),
    effects: [cancelTimers, record, publish, finish],
  };
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
