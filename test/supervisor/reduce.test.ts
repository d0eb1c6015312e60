import { describe, expect, it } from 'vitest';
import type { EventName, EventOf, SupervisorEvent } from '../../src/supervisor/event.js';
import { begin, reduce } from '../../src/supervisor/reduce.js';
import type { State, StateName } from '../../src/supervisor/state.js';
import { epochs, event, eventNames, facts, intent, names, rules, state, stateNames, trainer } from './support.js';

/** One cell of the table: an event in a state leads to a state, with these effects in this order. */
interface Cell {
  readonly from: State;
  readonly on: SupervisorEvent;
  readonly label?: string;
  readonly to: StateName;
  readonly effects: readonly string[];
}

const killed = (changes: Partial<EventOf<'exited'>> = {}) =>
  event('exited', { status: { code: null, signal: 'SIGKILL' }, ...changes });
const exit = (code: number, changes: Partial<EventOf<'exited'>> = {}) =>
  event('exited', { status: { code, signal: null }, ...changes });
const relaunch = ['cancelTimers', 'exited', 'recordFailure', 'backing_off', 'armTimer:backoff', 'publish'];
const surrender = ['cancelTimers', 'exited', 'recordFailure', 'cancelTimers', 'gave_up', 'publish', 'finish'];
const completed = ['exited', 'cancelTimers', 'completed', 'publish', 'finish'];
const stoppedNow = ['stop_requested', 'cancelTimers', 'stopped', 'publish', 'finish'];
const askToEnd = ['cancelTimers', 'stopping', 'SIGTERM+SIGCONT', 'armTimer:grace', 'publish'];
const upload = { completedMs: 60_000, stoppedMs: 1000 };
const tenEpochs = Array.from({ length: 10 }, () => 'epoch_completed');
/** Silent for 10 s, after steps of 100 ms: longer than five times that, and than the floor of 1 s. */
const silent = {
  hasHeartbeats: true,
  heartbeat: { attempt: 1, pid: 1, phase: 'train', epoch: 1, step: 2, steps_per_epoch: 9 },
  silencesMs: { train: [100, 100, 100], startup: [100, 100, 100] },
  signAt: 0,
} as const;
const kill = ['cancelTimers', 'killed', 'SIGCONT+SIGKILL', 'armTimer:kill'];

const spent = (withoutProgress: number, restarts = withoutProgress) => ({ spent: { restarts, withoutProgress } });

const cells: readonly Cell[] = [
  {
    from: state('preparing', { run: { attempt: 0 } }),
    on: event('checkpointVerified'),
    to: 'starting',
    effects: ['checkpoint_verified', 'spawn', 'publish'],
  },
  {
    from: state('preparing', { run: { attempt: 0 } }),
    on: event('checkpointVerified', {
      verified: { resume: true, progress: epochs(10), checkpointDir: '/c', setAside: undefined, notes: [] },
    }),
    label: 'every epoch there',
    to: 'completed',
    effects: ['checkpoint_verified', 'cancelTimers', 'completed', 'publish', 'finish'],
  },
  {
    from: state('preparing', { run: { attempt: 0 } }),
    on: event('checkpointVerified', {
      verified: {
        resume: true,
        progress: epochs(4, { status: 'early_stopped' }),
        checkpointDir: '/c',
        setAside: undefined,
        notes: [],
      },
    }),
    label: 'stopped early before',
    to: 'completed',
    effects: ['checkpoint_verified', 'cancelTimers', 'completed', 'publish', 'finish'],
  },
  {
    from: state('preparing', { run: { mostEpochs: 1 } }),
    on: event('checkpointVerified'),
    label: 'an epoch that nobody saw',
    to: 'starting',
    effects: ['epoch_completed', 'checkpoint_verified', 'spawn', 'publish'],
  },
  {
    from: state('preparing'),
    on: event('adopted'),
    to: 'running',
    effects: ['adopted', 'epoch_completed', 'publish'],
  },
  {
    from: state('preparing'),
    on: event('resourceChanged'),
    to: 'waiting',
    effects: ['waiting', 'armTimer:recheck', 'publish'],
  },
  {
    from: state('preparing', { waitingSince: 9000 }),
    on: event('resourceChanged'),
    label: 'still missing',
    to: 'waiting',
    effects: ['armTimer:recheck', 'publish'],
  },
  {
    from: state('preparing', { waitingSince: -700_000 }),
    on: event('resourceChanged'),
    label: 'missing too long',
    to: 'gaveUp',
    effects: ['cancelTimers', 'gave_up', 'publish', 'finish'],
  },
  {
    from: state('preparing'),
    on: event('resourceChanged', { isAvailable: true }),
    label: 'available',
    to: 'preparing',
    effects: [],
  },
  { from: state('preparing'), on: event('stopRequested'), to: 'stopped', effects: stoppedNow },

  {
    from: state('starting', { trainer: undefined }),
    on: event('spawned'),
    to: 'starting',
    effects: ['launched', 'armTimer:settle', 'publish'],
  },
  {
    from: state('starting', { trainer: undefined }),
    on: event('spawnFailed'),
    label: 'a shortage',
    to: 'backingOff',
    effects: ['cancelTimers', 'launch_failed', 'backing_off', 'armTimer:backoff', 'publish'],
  },
  {
    from: state('starting', { trainer: undefined }),
    on: event('spawnFailed', { isPermanent: true }),
    label: 'no such program',
    to: 'gaveUp',
    effects: ['cancelTimers', 'launch_failed', 'cancelTimers', 'gave_up', 'publish', 'finish'],
  },
  {
    from: state('starting', { trainer: undefined, run: spent(3) }),
    on: event('spawnFailed'),
    label: 'budget used up',
    to: 'gaveUp',
    effects: ['cancelTimers', 'launch_failed', 'cancelTimers', 'gave_up', 'publish', 'finish'],
  },
  { from: state('starting'), on: event('ready'), to: 'running', effects: ['cancelTimers', 'ready', 'publish'] },
  {
    from: state('starting', { trainer: undefined }),
    on: event('ready'),
    label: 'before it is known as a process',
    to: 'starting',
    effects: [],
  },
  { from: state('starting'), on: event('heartbeat'), to: 'starting', effects: ['publish', 'armTimer:hang'] },
  {
    from: state('starting'),
    on: event('progress'),
    to: 'running',
    effects: ['cancelTimers', 'ready', 'epoch_completed', 'publish', 'armTimer:hang'],
  },
  {
    from: state('starting'),
    on: event('progress', { progress: epochs(10) }),
    label: 'the last epoch',
    to: 'running',
    effects: ['cancelTimers', 'ready', ...tenEpochs, 'publish', 'armTimer:hang', 'armTimer:linger'],
  },
  {
    from: state('starting', { trainer: undefined }),
    on: event('progress'),
    label: 'before it is known as a process',
    to: 'starting',
    effects: [],
  },
  { from: state('starting'), on: exit(1), to: 'backingOff', effects: relaunch },
  { from: state('starting'), on: exit(64), to: 'gaveUp', effects: surrender },
  { from: state('starting'), on: exit(78), to: 'gaveUp', effects: surrender },
  {
    from: state('starting'),
    on: exit(1, { evidence: { logTail: ["ModuleNotFoundError: No module named 'torch'"], oomKills: undefined } }),
    label: 'a code error before the first step',
    to: 'gaveUp',
    effects: surrender,
  },
  {
    from: state('starting', { run: { hasWorked: true } }),
    on: exit(1, { evidence: { logTail: ["ModuleNotFoundError: No module named 'torch'"], oomKills: undefined } }),
    label: 'a code error after it once worked',
    to: 'backingOff',
    effects: relaunch,
  },
  { from: state('starting'), on: event('timerFired'), label: 'settle', to: 'running', effects: ['publish'] },
  {
    from: state('starting'),
    on: event('timerFired', { timer: 'grace' }),
    label: 'another timer',
    to: 'starting',
    effects: [],
  },
  {
    from: state('starting'),
    on: event('stopRequested'),
    to: 'stopping',
    effects: ['stop_requested', ...askToEnd],
  },
  {
    from: state('starting', { trainer: undefined }),
    on: event('stopRequested'),
    label: 'before it is known as a process',
    to: 'stopping',
    effects: ['stop_requested', 'cancelTimers', 'stopping', 'publish'],
  },

  {
    from: state('starting', { run: silent }),
    on: event('timerFired', { timer: 'hang' }),
    label: 'hang',
    to: 'starting',
    effects: ['inspect'],
  },
  {
    from: state('starting', { run: { ...silent, signAt: 9500 } }),
    on: event('timerFired', { timer: 'hang' }),
    label: 'hang, with news since',
    to: 'starting',
    effects: ['armTimer:hang'],
  },
  {
    from: state('starting', { run: silent }),
    on: event('inspected'),
    label: 'still silent',
    to: 'stopping',
    effects: ['hang_detected', ...askToEnd],
  },

  {
    from: state('running', { run: silent }),
    on: event('timerFired', { timer: 'hang' }),
    label: 'hang',
    to: 'running',
    effects: ['inspect'],
  },
  {
    from: state('running', { run: silent }),
    on: event('timerFired', { timer: 'hang', lateMs: 60_000 }),
    label: 'hang, but the machine slept',
    to: 'running',
    effects: ['armTimer:hang'],
  },
  {
    from: state('running', { run: { ...silent, signAt: 8700 } }),
    on: event('timerFired', { timer: 'hang', lateMs: 450 }),
    label: 'hang, mostly a standstill',
    to: 'running',
    effects: ['armTimer:hang'],
  },
  {
    from: state('running', { isLingering: true }),
    on: event('timerFired', { timer: 'linger', lateMs: 29_000 }),
    label: 'linger, mostly a standstill',
    to: 'running',
    effects: ['armTimer:linger'],
  },
  {
    from: state('stopping', { intent }),
    on: event('timerFired', { timer: 'grace', lateMs: 29_000 }),
    label: 'grace, mostly a standstill',
    to: 'stopping',
    effects: ['armTimer:grace'],
  },
  {
    from: state('stopping', { intent, isKilled: true }),
    on: event('timerFired', { timer: 'kill', lateMs: 29_000 }),
    label: 'kill, mostly a standstill',
    to: 'stopping',
    effects: ['armTimer:kill'],
  },
  {
    from: state('running', { run: silent }),
    on: event('inspected'),
    label: 'still silent',
    to: 'stopping',
    effects: ['hang_detected', ...askToEnd],
  },
  {
    from: state('running', { run: silent }),
    on: event('inspected', { inspection: { heartbeat: undefined, progress: undefined, isReadable: false } }),
    label: 'nothing can be read',
    to: 'running',
    effects: ['armTimer:hang'],
  },
  {
    from: state('running', { run: silent }),
    on: event('inspected', {
      inspection: { heartbeat: event('heartbeat').heartbeat, progress: undefined, isReadable: true },
    }),
    label: 'news after all',
    to: 'running',
    effects: ['armTimer:hang'],
  },
  {
    from: state('running', { run: silent, isLingering: true }),
    on: event('inspected'),
    label: 'after the last epoch',
    to: 'running',
    effects: ['armTimer:hang'],
  },
  { from: state('running'), on: event('heartbeat'), to: 'running', effects: ['publish', 'armTimer:hang'] },
  {
    from: state('running', { isLingering: true }),
    on: event('heartbeat'),
    label: 'after the last epoch',
    to: 'running',
    effects: ['armTimer:linger', 'publish'],
  },
  {
    from: state('running'),
    on: event('progress'),
    to: 'running',
    effects: ['epoch_completed', 'publish', 'armTimer:hang'],
  },
  {
    from: state('running', { run: { progress: epochs(1) } }),
    on: event('progress'),
    label: 'nothing new',
    to: 'running',
    effects: [],
  },
  {
    from: state('running', { run: { progress: epochs(5) } }),
    on: event('progress', { progress: epochs(3) }),
    label: 'a step back',
    to: 'running',
    effects: ['publish'],
  },
  {
    from: state('running'),
    on: event('progress', { progress: epochs(10) }),
    label: 'the last epoch',
    to: 'running',
    effects: [...tenEpochs, 'publish', 'armTimer:hang', 'armTimer:linger'],
  },
  {
    from: state('running'),
    on: event('progress', { progress: epochs(11) }),
    label: 'past the last epoch',
    to: 'stopping',
    effects: [...tenEpochs, 'epoch_completed', 'publish', 'armTimer:hang', ...askToEnd],
  },
  { from: state('running'), on: killed(), to: 'backingOff', effects: relaunch },
  { from: state('running'), on: exit(137), label: 'exit 137', to: 'backingOff', effects: relaunch },
  { from: state('running'), on: exit(0), label: 'exit 0 too early', to: 'backingOff', effects: relaunch },
  { from: state('running'), on: exit(75), label: 'exit 75', to: 'backingOff', effects: relaunch },
  { from: state('running', { run: spent(3) }), on: exit(1), label: 'no progress', to: 'gaveUp', effects: surrender },
  { from: state('running', { run: spent(0, 5) }), on: exit(1), label: 'too many', to: 'gaveUp', effects: surrender },
  {
    from: state('running', { run: spent(3) }),
    on: exit(1, { progress: epochs(1) }),
    label: 'exit 1 with one more epoch',
    to: 'backingOff',
    effects: ['epoch_completed', 'publish', 'armTimer:hang', ...relaunch],
  },
  {
    from: state('running'),
    on: exit(1, { progress: epochs(10) }),
    label: 'exit 1 with every epoch',
    to: 'completed',
    effects: [...tenEpochs, 'publish', 'armTimer:hang', ...completed],
  },
  {
    from: state('running', { run: { progress: epochs(10) } }),
    on: exit(0),
    label: 'exit 0 with every epoch',
    to: 'completed',
    effects: completed,
  },
  {
    from: state('running'),
    on: exit(0, { progress: epochs(4, { status: 'early_stopped' }) }),
    label: 'exit 0, stopped early',
    to: 'completed',
    effects: [...tenEpochs.slice(0, 4), 'publish', 'armTimer:hang', ...completed],
  },
  {
    from: state('running', { isLingering: true }),
    on: event('timerFired', { timer: 'linger' }),
    label: 'lingers',
    to: 'stopping',
    effects: askToEnd,
  },
  { from: state('running'), on: event('timerFired', { timer: 'linger' }), label: 'linger', to: 'running', effects: [] },
  {
    from: state('running'),
    on: event('stopRequested'),
    to: 'stopping',
    effects: ['stop_requested', ...askToEnd],
  },

  {
    from: state('stopping', { trainer: undefined, intent }),
    on: event('spawned'),
    to: 'stopping',
    effects: ['launched', 'SIGTERM+SIGCONT', 'armTimer:grace', 'publish'],
  },
  {
    from: state('stopping', { trainer: undefined, intent }),
    on: event('spawnFailed'),
    to: 'stopped',
    effects: ['launch_failed', 'cancelTimers', 'stopped', 'publish', 'finish'],
  },
  { from: state('stopping', { intent }), on: event('heartbeat'), to: 'stopping', effects: ['publish'] },
  {
    from: state('running', { run: { progress: epochs(7), launchedFrom: epochs(7), mostEpochs: 7 } }),
    on: event('progress', { progress: epochs(1) }),
    label: 'begun anew',
    to: 'running',
    effects: ['not_resumed', 'publish'],
  },
  {
    from: state('starting', { run: { progress: epochs(7), launchedFrom: epochs(7), mostEpochs: 7 } }),
    on: event('progress', { progress: epochs(1) }),
    label: 'begun anew',
    to: 'starting',
    effects: ['not_resumed'],
  },
  {
    from: state('running', { run: { progress: epochs(1), launchedFrom: epochs(7), mostEpochs: 7 } }),
    on: event('progress', { progress: epochs(2) }),
    label: 'further on, after that',
    to: 'running',
    effects: ['epoch_completed', 'publish', 'armTimer:hang'],
  },
  {
    from: state('stopping', { intent }),
    on: event('progress'),
    to: 'stopping',
    effects: ['epoch_completed', 'publish', 'armTimer:hang'],
  },
  {
    from: state('stopping', { intent }),
    on: exit(75),
    to: 'stopped',
    effects: ['exited', 'cancelTimers', 'stopped', 'publish', 'finish'],
  },
  {
    from: state('stopping', { intent }),
    on: exit(0, { progress: epochs(10) }),
    label: 'finished on the way',
    to: 'completed',
    effects: [...tenEpochs, 'publish', 'armTimer:hang', ...completed],
  },
  {
    from: state('stopping', { cause: 'hang' }),
    on: killed(),
    label: 'after a hang',
    to: 'backingOff',
    effects: relaunch,
  },
  {
    from: state('stopping', { cause: 'lingering', run: { progress: epochs(10) } }),
    on: killed(),
    label: 'after lingering',
    to: 'completed',
    effects: completed,
  },
  {
    from: state('stopping', { intent }),
    on: event('timerFired', { timer: 'grace' }),
    label: 'grace',
    to: 'stopping',
    effects: kill,
  },
  {
    from: state('stopping', { intent, isKilled: true }),
    on: event('timerFired', { timer: 'kill' }),
    label: 'survives SIGKILL',
    to: 'gaveUp',
    effects: ['cancelTimers', 'gave_up', 'publish', 'finish'],
  },
  {
    from: state('stopping', { intent }),
    on: event('timerFired', { timer: 'kill' }),
    label: 'kill before it was killed',
    to: 'stopping',
    effects: [],
  },
  {
    from: state('stopping', { cause: 'hang' }),
    on: event('stopRequested'),
    label: 'first request',
    to: 'stopping',
    effects: ['stop_requested', 'publish'],
  },
  {
    from: state('stopping', { intent }),
    on: event('stopRequested'),
    label: 'second request',
    to: 'stopping',
    effects: ['stop_requested', ...kill, 'publish'],
  },
  {
    from: state('stopping', { intent: { ...intent, at: 9900 } }),
    on: event('stopRequested', { reason: intent.reason }),
    label: 'the same request, passed on by a wrapper',
    to: 'stopping',
    effects: [],
  },
  {
    from: state('stopping', { intent, isKilled: true }),
    on: event('stopRequested'),
    label: 'third request',
    to: 'stopping',
    effects: ['stop_requested', 'publish'],
  },

  {
    from: state('backingOff'),
    on: event('timerFired', { timer: 'backoff' }),
    label: 'backoff',
    to: 'preparing',
    effects: ['cancelTimers', 'prepare', 'publish'],
  },
  { from: state('backingOff'), on: event('timerFired'), label: 'another timer', to: 'backingOff', effects: [] },
  { from: state('backingOff'), on: event('stopRequested'), to: 'stopped', effects: stoppedNow },

  {
    from: state('waiting'),
    on: event('timerFired', { timer: 'recheck' }),
    label: 'recheck',
    to: 'preparing',
    effects: ['cancelTimers', 'prepare', 'publish'],
  },
  { from: state('waiting'), on: event('timerFired'), label: 'another timer', to: 'waiting', effects: [] },
  {
    from: state('waiting'),
    on: event('resourceChanged', { isAvailable: true }),
    label: 'available',
    to: 'preparing',
    effects: ['cancelTimers', 'prepare', 'publish'],
  },
  {
    from: state('waiting'),
    on: event('resourceChanged', { detail: 'other' }),
    label: 'news',
    to: 'waiting',
    effects: [],
  },
  {
    from: state('waiting'),
    on: event('resourceChanged', { resource: 'checkpoints', isAvailable: true }),
    label: 'something else',
    to: 'waiting',
    effects: [],
  },
  { from: state('waiting'), on: event('stopRequested'), to: 'stopped', effects: stoppedNow },

  {
    from: { ...state('running'), rules: { ...rules, upload } },
    on: exit(0, { progress: epochs(10) }),
    label: 'exit 0, with a remote store',
    to: 'uploading',
    effects: [
      ...tenEpochs,
      'publish',
      'armTimer:hang',
      'exited',
      'cancelTimers',
      'uploading',
      'awaitUpload',
      'armTimer:upload',
      'publish',
    ],
  },
  {
    from: { ...state('stopping', { intent, run: { progress: epochs(2) } }), rules: { ...rules, upload } },
    on: exit(75),
    label: 'saved, with a remote store',
    to: 'uploading',
    effects: ['exited', 'cancelTimers', 'uploading', 'awaitUpload', 'armTimer:upload', 'publish'],
  },
  {
    from: { ...state('stopping', { intent }), rules: { ...rules, upload } },
    on: exit(75),
    label: 'nothing to upload',
    to: 'stopped',
    effects: ['exited', 'cancelTimers', 'stopped', 'publish', 'finish'],
  },
  { from: state('uploading'), on: event('uploadSettled'), to: 'completed', effects: completed.slice(1) },
  {
    from: state('uploading'),
    on: event('timerFired', { timer: 'upload' }),
    label: 'upload',
    to: 'completed',
    effects: completed.slice(1),
  },
  { from: state('uploading'), on: event('timerFired'), label: 'another timer', to: 'uploading', effects: [] },
  {
    from: state('uploading', { intent, ending: { name: 'stopped' } }),
    on: event('stopRequested'),
    to: 'stopped',
    effects: stoppedNow,
  },
  {
    from: state('uploading', { ending: { name: 'gaveUp', reason: 'no-progress', explanation: 'because' } }),
    on: event('uploadSettled'),
    label: 'of a run that is given up',
    to: 'gaveUp',
    effects: ['cancelTimers', 'gave_up', 'publish', 'finish'],
  },
];

describe('reduce', () => {
  it.each(cells.map((cell) => [titleOf(cell), cell] as const))('%s', (_, { from, on, to, effects }) => {
    const step = reduce(from, on);
    expect(step.state.name).toBe(to);
    expect(names(step.effects)).toEqual(effects);
  });

  const covered = new Set(cells.map(({ from, on }) => `${from.name} × ${on.type}`));
  const rest = stateNames.flatMap((name) =>
    eventNames.filter((type) => !covered.has(`${name} × ${type}`)).map((type) => [name, type] as const),
  );
  it.each(rest)('%s × %s → ignored', (name, type) => {
    const before = state(name);
    const step = reduce(before, event(type as EventName) as SupervisorEvent);
    expect(step.state).toBe(before);
    expect(step.effects).toEqual([]);
  });

  it('covers every state with every event', () => {
    expect(covered.size + rest.length).toBe(stateNames.length * eventNames.length);
  });

  it('ignores what an earlier attempt says', () => {
    const now = state('running', { run: { attempt: 2 } });
    for (const type of ['heartbeat', 'progress', 'exited', 'timerFired', 'ready', 'spawned'] as const) {
      expect(reduce(now, event(type, { attempt: 1 }) as SupervisorEvent).state).toBe(now);
    }
  });

  it('begins with the preparation of the first launch', () => {
    const step = begin(rules, facts({ attempt: 0 }));
    expect(step.state.name).toBe('preparing');
    expect(names(step.effects)).toEqual(['cancelTimers', 'prepare', 'publish']);
  });

  describe('with the intent to end the run', () => {
    const begun = (isForced: boolean) =>
      begin(rules, facts({ attempt: 3 }), { reason: 'supervise stop', at: 0, isForced });
    const asked = begun(false).state;

    it('begins with the preparation, and says so', () => {
      expect(names(begun(false).effects)).toEqual(['stop_requested', 'cancelTimers', 'prepare', 'publish']);
    });

    it('launches nothing when what was left is gone', () => {
      const step = reduce(asked, event('checkpointVerified'));
      expect(step.state.name).toBe('stopped');
      expect(names(step.effects).slice(-5)).toEqual([
        'checkpoint_verified',
        'cancelTimers',
        'stopped',
        'publish',
        'finish',
      ]);
    });

    it('stops the trainer that it adopts, and waits for it unless forced', () => {
      const step = reduce(asked, event('adopted', { trainer }));
      expect(step.state).toMatchObject({ name: 'stopping', cause: 'requested', isKilled: false, trainer });
      expect(step.effects).toContainEqual({ type: 'signal', attempt: 4, signals: ['SIGTERM', 'SIGCONT'] });
      const forced = reduce(begun(true).state, event('adopted', { trainer }));
      expect(forced.state).toMatchObject({ name: 'stopping', isKilled: true });
      expect(forced.effects).toContainEqual({ type: 'signal', attempt: 4, signals: ['SIGCONT', 'SIGKILL'] });
    });

    it('waits for nothing that a launch would need', () => {
      expect(reduce(asked, event('resourceChanged')).state.name).toBe('stopped');
    });
  });

  it('launches the next attempt from what was verified', () => {
    const step = reduce(state('preparing', { run: { attempt: 3 } }), event('checkpointVerified'));
    expect(step.effects).toContainEqual({
      type: 'spawn',
      attempt: 4,
      resume: true,
      halvings: 0,
      divergences: [],
      mtbfMs: 10_800_000,
    });
    expect(step.state.run).toMatchObject({ attempt: 4, launchedFrom: epochs(2), mostEpochs: 2 });
  });

  it('watches an adopted trainer under its own attempt', () => {
    const step = reduce(state('preparing', { run: { attempt: 9 } }), event('adopted', { trainer }));
    expect(step.state.run.attempt).toBe(4);
  });

  it('halves the micro-batch when memory ran out, but not what an earlier attempt held', () => {
    const running = state('running', { rules: { ...rules, maxHalvings: 4 } });
    const exitedWith = (heldMemory?: string) => {
      const evidence = { logTail: ['torch.OutOfMemoryError: CUDA out of memory.'], oomKills: 0, heldMemory };
      return reduce(running, event('exited', { evidence })).state.run;
    };
    expect(exitedWith()).toMatchObject({ halvings: 1, lastFailure: { class: 'gpu-memory' } });
    expect(exitedWith('GPU memory: 5 MiB are still held')).toMatchObject({
      halvings: 0,
      lastFailure: {
        class: 'gpu-memory',
        evidence: [expect.stringContaining('5 MiB are still held'), expect.anything()],
      },
    });
  });

  it('keeps the first cause of a stop', () => {
    const first = reduce(state('running'), event('stopRequested', { reason: 'SIGTERM' })).state;
    expect(reduce(first, event('stopRequested', { reason: 'Ctrl-C' })).state.intent?.reason).toBe('SIGTERM');
  });
});

function titleOf({ from, on, label, to }: Cell): string {
  const detail = label ?? (on.type === 'exited' ? (on.status.signal ?? `exit ${on.status.code}`) : undefined);
  return `${from.name} × ${on.type}${detail === undefined ? '' : `(${detail})`} → ${to}`;
}
