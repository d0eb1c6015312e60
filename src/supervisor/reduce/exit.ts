import { classify, describeExit } from '../classify.js';
import { findDivergence, keptDivergences } from '../divergence.js';
import type { EventOf } from '../event.js';
import { failureClasses } from '../failure-classes.js';
import { isFinished } from '../progress.js';
import { noteRepetition } from '../repeated-failure.js';
import { decideRestart } from '../restart-policy.js';
import type { Failure, RunFacts, State } from '../state.js';
import { complete, giveUp, withoutHeartbeat } from './ending.js';
import { noteProgress } from './facts.js';
import { cancelTimers, enter, journal, publish, type Step, withRun } from './step.js';

/** A trainer that nobody asked to end has ended. */
export function exited_unasked(state: State, event: EventOf<'exited'>): Step {
  return afterExit(state, event, (noted) => answerFailure(noted, event, classifyExit(noted, event)));
}

/**
 * Takes over the last word of `epoch_info.json`, so that no race with the watcher decides. With every epoch done the run is
 * complete, however the trainer ended; otherwise `unfinished` decides. The heartbeat of the attempt is forgotten.
 */
export function afterExit(state: State, event: EventOf<'exited'>, unfinished: (state: State) => Step): Step {
  const noted = event.progress === undefined ? { state, effects: [] } : noteProgress(state, event.progress, event.at);
  const step = isFinished(noted.state.run.progress, state.rules.epochsTotal)
    ? completeAfterExit(noted.state, event)
    : unfinished(noted.state);
  return { state: withoutHeartbeat(step.state), effects: [...noted.effects, ...step.effects] };
}

function completeAfterExit(state: State, event: EventOf<'exited'>): Step {
  const summary = `every epoch is done (${describeExit(event.status)})`;
  const step = complete(state, true);
  const record = journal(exitRecord(state, event, { class: 'finished', summary, evidence: [] }));
  return { state: step.state, effects: [record, ...step.effects] };
}

/** Charges the failure, and relaunches or gives up. */
export function answerFailure(state: State, event: EventOf<'exited'>, failure: Failure): Step {
  const cost = costOf(state, event.at);
  const repeated = noteRepetition(state.run, failure);
  const decision = decideRestart(state.rules, { ...state.run, repeated }, failure, event);
  const isRelaunched = decision.kind === 'relaunch';
  const stepBack = isRelaunched && decision.stepBack;
  const failed = withRun(state, {
    lastFailure: failure,
    halvings: halvingsAfter(state, failure, event),
    ...(failure.class === 'diverged' && rolledBack(state.run, event)),
    failed: { ranMs: state.run.failed.ranMs + cost.ranMs, count: state.run.failed.count + 1 },
    stepBack,
    repeated: stepBack && repeated !== undefined ? { ...repeated, count: 0, hasSteppedBack: true } : repeated,
    ...(isRelaunched && charged(state.run, decision.isCounted, event.at)),
  });
  const effects = [
    cancelTimers,
    journal(exitRecord(failed, event, failure)),
    { type: 'recordFailure', attempt: event.attempt, failure, cost } as const,
  ];
  const next = isRelaunched
    ? backOff(failed, event.at, decision.delayMs)
    : giveUp(failed, decision.reason, decision.explanation);
  return { state: next.state, effects: [...effects, ...next.effects] };
}

/** Waits before the relaunch, also when the delay is zero: every retry goes through the event queue. */
export function backOff(state: State, at: number, delayMs: number): Step {
  const { attempt, restarts, spent } = state.run;
  const record = journal({
    event: 'backing_off',
    attempt,
    delay_ms: delayMs,
    restarts,
    restarts_without_progress: spent.withoutProgress,
  });
  return {
    state: enter<'backingOff'>(state, { name: 'backingOff', until: at + delayMs }),
    effects: [record, { type: 'armTimer', timer: 'backoff', attempt, delayMs }, publish],
  };
}

/** The end of an attempt as the journal has it; `verdict` is a failure, or tells why it is none. */
export function exitRecord(
  state: State,
  event: EventOf<'exited'>,
  verdict: { readonly class: string; readonly summary: string; readonly evidence: readonly string[] },
) {
  const { ranMs, lostMs } = costOf(state, event.at);
  const diverged = verdict.class === 'diverged' ? state.run.divergences.at(-1)?.at : undefined;
  return {
    event: 'exited',
    attempt: event.attempt,
    code: event.status.code,
    signal: event.status.signal ?? undefined,
    class: verdict.class,
    summary: verdict.summary,
    evidence: verdict.evidence,
    diverged_epoch: diverged?.epoch,
    diverged_step: diverged?.step,
    ran_ms: ranMs,
    lost_ms: lostMs,
    restarts: state.run.restarts,
    restarts_without_progress: state.run.spent.withoutProgress,
  } as const;
}

/** Names the failure; a premature end says how many epochs are missing. */
export function classifyExit({ rules, run }: State, { status, evidence }: EventOf<'exited'>): Failure {
  const failure = classify(status, evidence, rules.failureRules);
  if (failure.class !== 'premature') return failure;
  const epochs = `${run.progress.epochs} of ${rules.epochsTotal} epochs are complete`;
  return { ...failure, summary: `${failureClasses.premature.title}: ${epochs}` };
}

/** One more restart; it is charged to the budgets when it is counted. */
export function charged(
  { restarts, spent, restartedAt }: RunFacts,
  isCounted: boolean,
  at: number,
): Pick<RunFacts, 'restarts' | 'spent' | 'restartedAt'> {
  const cost = isCounted ? 1 : 0;
  return {
    restarts: restarts + 1,
    spent: { restarts: spent.restarts + cost, withoutProgress: spent.withoutProgress + cost },
    restartedAt: isCounted ? [...restartedAt, at].slice(-keptRestarts) : restartedAt,
  };
}

const keptRestarts = 1000;

/** One more divergence, with the batch where it happened. */
function rolledBack(run: RunFacts, { evidence }: EventOf<'exited'>): Pick<RunFacts, 'rollbacks' | 'divergences'> {
  const at = findDivergence({ ...run, heartbeat: evidence.heartbeat ?? run.heartbeat });
  return { rollbacks: run.rollbacks + 1, divergences: [...run.divergences, { at }].slice(-keptDivergences) };
}

/**
 * Out of memory: the next attempts work on half the micro-batch, until an epoch is completed. Not when an earlier attempt held
 * some: the next launch waits until that is free.
 */
function halvingsAfter({ rules, run }: State, failure: Failure, { evidence }: EventOf<'exited'>): number {
  const isHeld = evidence.heldMemory !== undefined;
  const isShort = (failure.class === 'gpu-memory' && !isHeld) || failure.class === 'host-memory';
  return isShort ? Math.min(run.halvings + 1, rules.maxHalvings) : run.halvings;
}

function costOf({ run }: State, at: number) {
  return { ranMs: at - (run.launchedAt ?? at), lostMs: at - (run.progressAt ?? at) };
}
