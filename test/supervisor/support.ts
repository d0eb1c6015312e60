import type { EventName, EventOf, SupervisorEvent } from '../../src/supervisor/event.js';
import { noProgress, type Progress } from '../../src/supervisor/progress.js';
import type { Rules } from '../../src/supervisor/rules.js';
import type { RunFacts, State, StateName, StateOf } from '../../src/supervisor/state.js';

/** Settings of the run that the tests supervise: ten epochs, budgets of three and five. */
export const rules: Rules = {
  epochsTotal: 10,
  initialDelayMs: 1000,
  maxDelayMs: 60_000,
  maxRestarts: 5,
  maxRestartsWithoutProgress: 3,
  window: undefined,
  maxHalvings: 0,
  maxRollbacks: 3,
  expectedMtbfMs: 10_800_000,
  hang: { floorMs: 1000, capMs: 60_000, startupCapMs: 120_000, factor: 5 },
  stopGraceMs: 30_000,
  killWaitMs: 10_000,
  settleMs: 60_000,
  lingerMs: 30_000,
  recheckMs: 2000,
  maxWaitMs: 600_000,
  upload: undefined,
  failureRules: [],
};

export const trainer = { pid: 4711, startTime: '99', isAdopted: false } as const;

export function facts(changes: Partial<RunFacts> = {}): RunFacts {
  return {
    attempt: 1,
    restarts: 0,
    spent: { restarts: 0, withoutProgress: 0 },
    progress: noProgress,
    launchedFrom: noProgress,
    mostEpochs: 0,
    mostSteps: 0,
    hasWorked: false,
    launchedAt: 0,
    progressAt: 0,
    epochAt: 0,
    rollbacks: 0,
    divergences: [],
    failed: { ranMs: 0, count: 0 },
    heartbeat: undefined,
    heartbeatAt: undefined,
    epochDurationsMs: [],
    firstEpochsMs: undefined,
    signAt: 0,
    silencesMs: {},
    hasHeartbeats: false,
    halvings: 0,
    stepBack: false,
    restartedAt: [],
    repeated: undefined,
    lastFailure: undefined,
    ...changes,
  };
}

export function epochs(count: number, changes: Partial<Progress> = {}): Progress {
  return { epochs: count, partialStep: 0, ...changes };
}

const situations: { readonly [Name in StateName]: Omit<StateOf<Name>, 'rules' | 'run' | 'intent' | 'name'> } = {
  preparing: { waitingSince: undefined },
  starting: { trainer, resume: false },
  running: { trainer, isLingering: false },
  stopping: { trainer, cause: 'requested', isKilled: false },
  backingOff: { until: 5000 },
  waiting: { resource: 'leftovers', detail: 'process 5 survives', since: 0 },
  uploading: { ending: { name: 'completed', isEarly: false, hasLaunched: true } },
  completed: { isEarly: false, hasLaunched: true },
  gaveUp: { reason: 'no-progress', explanation: 'because' },
  stopped: {},
};

export const stateNames = Object.keys(situations) as StateName[];

/** A state with typical content, changed where the test needs it. */
export function state<Name extends StateName>(
  name: Name,
  changes: Partial<Omit<StateOf<Name>, 'run'>> & { readonly run?: Partial<RunFacts> } = {},
): StateOf<Name> {
  const { run, ...rest } = changes;
  const situation = { name, rules, intent: undefined, ...situations[name], ...rest, run: facts(run) };
  return situation as unknown as StateOf<Name>;
}

export const intent = { reason: 'SIGTERM', at: 1 };

const heartbeat = { attempt: 1, pid: 4711, phase: 'train', epoch: 1, step: 3, steps_per_epoch: 9 } as const;

const events: { readonly [Name in EventName]: Omit<EventOf<Name>, 'type' | 'at'> } = {
  checkpointVerified: {
    verified: { resume: true, progress: epochs(2), checkpointDir: '/c', setAside: undefined, notes: [] },
  },
  adopted: { attempt: 4, trainer, bootId: 'b', progress: epochs(1) },
  spawned: { attempt: 1, trainer, bootId: 'b', output: '/o' },
  spawnFailed: { attempt: 1, reason: 'too many processes', isPermanent: false, jitter: 0.5 },
  ready: { attempt: 1 },
  heartbeat: { attempt: 1, heartbeat },
  progress: { attempt: 1, progress: epochs(1) },
  exited: {
    attempt: 1,
    status: { code: 1, signal: null },
    progress: undefined,
    evidence: { logTail: [], oomKills: undefined },
    jitter: 0.5,
  },
  timerFired: { attempt: 1, timer: 'settle' },
  inspected: { attempt: 1, inspection: { heartbeat: undefined, progress: undefined, isReadable: true } },
  stopRequested: { reason: 'SIGTERM' },
  uploadSettled: {},
  resourceChanged: { resource: 'leftovers', isAvailable: false, detail: 'process 5 survives' },
};

export const eventNames = Object.keys(events) as EventName[];

/** An event with typical content, changed where the test needs it. */
export function event<Name extends EventName>(type: Name, changes: Partial<EventOf<Name>> = {}): EventOf<Name> {
  return { type, at: 10_000, ...events[type], ...changes } as unknown as EventOf<Name>;
}

/** What effects a step has, in a few words: the journal's event names, and signals and timers by name. */
export function names(effects: readonly { readonly type: string }[]): string[] {
  return effects.map((effect) => {
    const any = effect as { type: string; record?: { event: string }; signals?: string[]; timer?: string };
    if (any.record !== undefined) return any.record.event;
    if (any.signals !== undefined) return any.signals.join('+');
    if (any.timer !== undefined) return `${any.type}:${any.timer}`;
    return any.type;
  });
}

export type { State, SupervisorEvent };
