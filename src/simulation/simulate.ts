import type { Effect } from '../supervisor/effect.js';
import type { SupervisorEvent, TimerName } from '../supervisor/event.js';
import type { Step } from '../supervisor/reduce/step.js';
import { begin, reduce } from '../supervisor/reduce.js';
import { readHistory } from '../supervisor/run-history.js';
import type { State } from '../supervisor/state.js';
import { openAccount } from './account.js';
import { type Fault, traceFailures } from './failure-trace.js';
import { logTailOf } from './fault-logs.js';
import { partOf } from './part-of-time.js';
import { createQueue } from './queue.js';
import { createRandom } from './random.js';
import type { Scenario } from './scenario.js';
import type { Item, Timeless } from './simulated-item.js';
import type { SimulatedRun } from './simulated-run.js';
import { heartbeatOf, progressOf } from './simulated-signs.js';
import { createSimulatedTrainer, type SimulatedTrainer } from './simulated-trainer.js';

/**
 * Lets the supervisor's own reducer look after a simulated trainer on failing machines, in simulated time. Nothing here
 * decides anything: relaunches, delays, hang detection and checkpoint interval are the code that supervises real runs.
 */
export function simulate(scenario: Scenario): SimulatedRun {
  const { workload, costs, policy, machines, mostSecs } = scenario;
  const { hasHeartbeats = true } = workload;
  const random = createRandom(scenario.seed);
  const drawn = traceFailures(machines, createRandom(scenario.seed, traceStream));
  const failures: Iterator<Fault, undefined> = scenario.failures?.values() ?? drawn;
  const queue = createQueue<Item>();
  const account = openAccount();
  const timers = new Map<TimerName, number>();
  const tally = { faults: 0, relaunches: 0, hangsDetected: 0, falseKills: 0 };
  let now = 0;
  let state: State;
  let trainer: SimulatedTrainer | undefined;
  let attempt = 0;
  let hasStarted = false;
  let savedSecs = 0;
  let replacedAt = 0;
  let spareReadyAt = Number.POSITIVE_INFINITY;
  let timerIds = 0;
  let isOver = false;
  let hangTimer: { readonly at: number; readonly item: Item } | undefined;

  const dispatch = (event: Timeless) => take(reduce(state, { ...event, at: now * 1000 } as SupervisorEvent));
  const progress = () => progressOf(savedSecs, workload);
  const beat = () => heartbeatOf({ attempt, work: trainer?.work(now) ?? savedSecs, hasStarted }, workload, costs);
  const later = (secs: number, event: Timeless) => queue.add(now + secs, { kind: 'event', event });

  function take(step: Step): void {
    state = step.state;
    for (const effect of step.effects) (effects[effect.type] as (effect: Effect) => void)(effect);
  }

  const effects: { readonly [Type in Effect['type']]: (effect: Extract<Effect, { type: Type }>) => void } = {
    prepare,
    spawn: ({ attempt: next, mtbfMs }) => spawn(next, mtbfMs / 1000),
    inspect: () => {
      const inspection = { heartbeat: hasHeartbeats ? beat() : undefined, progress: progress(), isReadable: true };
      later(0, { type: 'inspected', attempt, inspection });
    },
    signal: ({ signals }) => signal(signals),
    armTimer: ({ timer, attempt: armedFor, delayMs }) => {
      const id = ++timerIds;
      timers.set(timer, id);
      const at = now + delayMs / 1000;
      const item = { kind: 'timer', timer, attempt: armedFor, id } as const;
      // A trainer that works gives its signs in time (see catchUp): that it hangs is looked for once it does.
      if (timer === 'hang' && hasHeartbeats && isWorking()) hangTimer = { at, item };
      else queue.add(at, item);
    },
    cancelTimers: () => timers.clear(),
    journal: ({ record }) => {
      if (record.event !== 'hang_detected') return;
      if (trainer?.activity() === 'hung') tally.hangsDetected++;
      else tally.falseKills++;
    },
    finish: () => {
      isOver = true;
    },
    recordFailure: () => undefined,
    awaitUpload: () => undefined,
    publish: () => undefined,
  };

  function prepare(): void {
    const readyAt = now + costs.prepareSecs;
    const resume = savedSecs > 0;
    const verified = { resume, progress: progress(), checkpointDir: '', setAside: undefined, notes: [] };
    const shortage = { resource: 'gpu', isAvailable: false, detail: 'a machine is being replaced' } as const;
    if (replacedAt > readyAt) later(costs.prepareSecs, { type: 'resourceChanged', ...shortage });
    else later(costs.prepareSecs, { type: 'checkpointVerified', verified });
  }

  function spawn(next: number, mtbfSecs: number): void {
    attempt = next;
    hasStarted = false;
    if (attempt > 1) tally.relaunches++;
    const isWarm = policy.warmSpare && now >= spareReadyAt;
    const firstStepAt = now + (isWarm ? costs.spareStartSecs : costs.startSecs);
    spareReadyAt = firstStepAt + costs.spareLoadSecs;
    trainer = createSimulatedTrainer({
      workload,
      costs,
      saving: policy.saving,
      mtbfSecs,
      from: savedSecs,
      firstStepAt,
    });
    schedule();
    later(0, {
      type: 'spawned',
      attempt,
      trainer: { pid: attempt, startTime: '', isAdopted: false },
      bootId: '',
      output: '',
    });
    if (hasHeartbeats) later(0, { type: 'heartbeat', attempt, heartbeat: beat() });
  }

  /** SIGTERM ends a working trainer when it has saved; a hung one only SIGKILL. */
  function signal(signals: readonly NodeJS.Signals[]): void {
    if (trainer === undefined) return;
    const isKill = signals.includes('SIGKILL');
    if (!isKill && trainer.activity() === 'hung') return;
    if (!isKill && trainer.activity() !== 'starting') savedSecs = Math.max(savedSecs, trainer.work(now));
    die(isKill ? { code: null, signal: 'SIGKILL' } : { code: 75, signal: null }, []);
  }

  function die(status: { code: number | null; signal: NodeJS.Signals | null }, logTail: readonly string[]): void {
    trainer = undefined;
    const evidence = { logTail, oomKills: 0 };
    later(0, { type: 'exited', attempt, status, progress: progress(), evidence, jitter: random() });
  }

  function fail({ kind }: Fault): void {
    tally.faults++;
    if (kind === 'machine-lost') replacedAt = Math.max(replacedAt, now + costs.replaceSecs);
    if (trainer === undefined || (kind === 'hang' && trainer.activity() === 'hung')) return;
    catchUp();
    if (kind === 'hang') hang(trainer);
    else die({ code: 1, signal: null }, logTailOf(kind));
  }

  function hang(hung: SimulatedTrainer): void {
    const wasWorking = isWorking();
    hung.hang(now);
    if (wasWorking && hangTimer !== undefined) queue.add(hangTimer.at, hangTimer.item);
    // Nobody watches: a person will see it.
    if (policy.rules.hang === undefined) queue.add(now + costs.unnoticedSecs, { kind: 'noticed', attempt });
  }

  /**
   * Delivers the signs of work of the time since the last one. Between two milestones they are all alike, so that only the
   * last one of them is put through the reducer, as if the others had been.
   */
  function catchUp(): void {
    const { heartbeatAt } = state.run;
    if (!hasHeartbeats || !isWorking() || heartbeatAt === undefined) return;
    const periodMs = costs.heartbeatSecs * 1000;
    const missed = Math.floor((now * 1000 - heartbeatAt) / periodMs);
    if (missed < 1) return;
    const before = heartbeatAt + (missed - 1) * periodMs;
    state = { ...state, run: { ...state.run, heartbeatAt: before, signAt: before } };
    take(reduce(state, { type: 'heartbeat', attempt, heartbeat: beat(), at: before + periodMs }));
  }

  function isWorking(): boolean {
    const activity = trainer?.activity();
    return activity === 'training' || activity === 'saving';
  }

  function schedule(): void {
    const at = trainer?.nextAt() ?? Number.POSITIVE_INFINITY;
    if (Number.isFinite(at)) queue.add(at, { kind: 'trainer', attempt, at });
  }

  function advanceTrainer(): void {
    if (trainer === undefined) return;
    const milestone = trainer.advance(now);
    if (milestone.kind === 'started') {
      hasStarted = true;
      if (hasHeartbeats) {
        dispatch({ type: 'ready', attempt });
        dispatch({ type: 'heartbeat', attempt, heartbeat: beat() });
      }
    }
    if (milestone.kind === 'committed') {
      catchUp();
      savedSecs = Math.max(savedSecs, milestone.saved.secs);
      dispatch({ type: 'progress', attempt, progress: progress() });
      if (progress().epochs >= workload.epochs) die({ code: 0, signal: null }, []);
    }
    schedule();
  }

  const handlers: { readonly [Kind in Item['kind']]: (item: Extract<Item, { kind: Kind }>) => void } = {
    event: ({ event }) => dispatch(event),
    timer: ({ timer, id, attempt: armedFor }) => {
      if (timers.get(timer) === id) dispatch({ type: 'timerFired', attempt: armedFor, timer });
    },
    trainer: (item) => {
      // Of an earlier attempt, or replaced by a later one.
      if (item.attempt === attempt && trainer?.nextAt() === item.at) advanceTrainer();
    },
    fault: ({ fault }) => {
      fail(fault);
      scheduleFault();
    },
    noticed: (item) => {
      if (item.attempt === attempt && trainer !== undefined) die({ code: null, signal: 'SIGKILL' }, []);
    },
  };

  function scheduleFault(): void {
    const { value: fault } = failures.next();
    if (fault !== undefined) queue.add(fault.at, { kind: 'fault', fault });
  }

  const first = begin({ ...policy.rules, epochsTotal: workload.epochs }, readHistory([]).facts);
  state = first.state;
  scheduleFault();
  take(first);
  while (!isOver) {
    const next = queue.next();
    if (next === undefined || next.at > mostSecs) {
      account.pass(mostSecs, partOf(state, trainer));
      now = mostSecs;
      break;
    }
    account.pass(next.at, partOf(state, trainer));
    now = next.at;
    (handlers[next.item.kind] as (item: Item) => void)(next.item);
  }
  return {
    end: isOver ? state.name : 'broken off',
    explanation: state.name === 'gaveUp' ? state.explanation : undefined,
    wallSecs: now,
    usefulSecs: savedSecs,
    unsavedSecs: Math.max(0, (trainer?.work(now) ?? 0) - savedSecs),
    parts: account.parts(),
    ...tally,
  };
}

/** The failures of a seed are the same for every policy, whatever else is drawn. */
const traceStream = 1;
