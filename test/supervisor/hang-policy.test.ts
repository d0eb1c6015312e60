import { describe, expect, it } from 'vitest';
import { hangThresholdMs, isTooLate } from '../../src/supervisor/hang-policy.js';
import { reduce } from '../../src/supervisor/reduce.js';
import { stopGraceMs } from '../../src/supervisor/stop-grace.js';
import { epochs, event, facts, rules, type State, state, trainer } from './support.js';

const beat = (phase: 'startup' | 'train' | 'validate' | 'checkpoint', step = 1, epoch = 1) =>
  ({ attempt: 1, pid: 1, phase, epoch, step, steps_per_epoch: 9 }) as const;

const threshold = (changes: Parameters<typeof facts>[0]) => hangThresholdMs(rules, facts(changes));

describe('isTooLate', () => {
  it('leaves at least half of the threshold as a silence that was seen, and never more than five seconds out', () => {
    const run = facts({ hasHeartbeats: true, heartbeat: beat('train'), silencesMs: { train: [10, 10, 10] } });
    expect(isTooLate({ rules, run }, 499)).toBe(false);
    expect(isTooLate({ rules, run }, 501)).toBe(true);
    const slow = facts({
      hasHeartbeats: true,
      heartbeat: beat('train'),
      silencesMs: { train: [90_000, 90_000, 90_000] },
    });
    expect(isTooLate({ rules, run: slow }, 4999)).toBe(false);
    expect(isTooLate({ rules, run: slow }, 5001)).toBe(true);
  });
});

describe('hangThresholdMs', () => {
  it('is the cap of the phase while nothing is known of it', () => {
    expect(threshold({ hasHeartbeats: true })).toBe(120_000);
    expect(threshold({ hasHeartbeats: true, heartbeat: beat('startup', 0) })).toBe(120_000);
    expect(threshold({ hasHeartbeats: true, heartbeat: beat('checkpoint') })).toBe(60_000);
  });

  it('stays so until there are three to learn from', () => {
    const silencesMs = { train: [10, 10] };
    expect(threshold({ hasHeartbeats: true, heartbeat: beat('train'), silencesMs })).toBe(60_000);
  });

  it('is learned from the silences of the phase, not below the floor', () => {
    const silencesMs = { train: [400, 500, 450], checkpoint: [9000, 8000, 9000] };
    expect(threshold({ hasHeartbeats: true, heartbeat: beat('train'), silencesMs })).toBe(2500);
    expect(threshold({ hasHeartbeats: true, heartbeat: beat('checkpoint'), silencesMs })).toBe(45_000);
    expect(threshold({ hasHeartbeats: true, heartbeat: beat('train'), silencesMs: { train: [10, 10, 10] } })).toBe(
      1000,
    );
  });

  it('allows for what varies much', () => {
    const silencesMs = { train: [100, 1000, 2000, 3000, 100, 1000, 2000, 3000] };
    expect(threshold({ hasHeartbeats: true, heartbeat: beat('train'), silencesMs })).toBeGreaterThan(15_000);
  });

  it('lies above what was really seen, whatever the cap says', () => {
    const silencesMs = { train: [90_000, 80_000, 90_000] };
    expect(threshold({ hasHeartbeats: true, heartbeat: beat('train'), silencesMs })).toBe(135_000);
  });

  it('goes by whole epochs without heartbeats, and by nothing at all before the first of them', () => {
    expect(threshold({})).toBeUndefined();
    expect(threshold({ epochDurationsMs: [2000], epochAt: 5, launchedAt: 0 })).toBe(10_000);
    expect(threshold({ epochDurationsMs: [2000], epochAt: 0, launchedAt: 0 })).toBe(130_000);
  });

  it('goes by the time since the launch after the first epochs, and never below what nothing is known of', () => {
    expect(threshold({ firstEpochsMs: 100_000, epochAt: 100_000, launchedAt: 0 })).toBe(500_000);
    expect(threshold({ firstEpochsMs: 2000, epochAt: 2000, launchedAt: 0 })).toBe(180_000);
    const known = { firstEpochsMs: 100_000, epochDurationsMs: [2000], epochAt: 5, launchedAt: 0 };
    expect(threshold(known)).toBe(10_000);
    expect(threshold({ ...known, hasHeartbeats: true })).toBe(120_000);
  });

  it('is off when it is switched off', () => {
    expect(hangThresholdMs({ ...rules, hang: undefined }, facts({ hasHeartbeats: true }))).toBeUndefined();
  });
});

describe('what counts as a sign of work', () => {
  const running = state('running', {
    run: { hasHeartbeats: true, heartbeat: beat('train', 5), signAt: 1000, heartbeatAt: 1000 },
  });

  it('is a heartbeat that tells other work, not the same one again from a side thread', () => {
    const same = reduce(running, event('heartbeat', { at: 9000, heartbeat: beat('train', 5) })).state;
    expect(same.run.signAt).toBe(1000);
    const next = reduce(running, event('heartbeat', { at: 9000, heartbeat: beat('train', 6) })).state;
    expect(next.run).toMatchObject({ signAt: 9000, silencesMs: { train: [8000] } });
  });

  it('teaches nothing while an attempt warms up', () => {
    const first = state('running', { run: { hasHeartbeats: true, heartbeat: beat('train', 0), signAt: 1000 } });
    const next = reduce(first, event('heartbeat', { at: 9000, heartbeat: beat('train', 1) })).state;
    expect(next.run.silencesMs).toEqual({});
  });

  it('counts a silence for the phase in which it passed, from heartbeat to heartbeat', () => {
    const saving = state('running', {
      run: { hasHeartbeats: true, heartbeat: beat('checkpoint', 9), signAt: 3900, heartbeatAt: 1000 },
    });
    const next = reduce(saving, event('heartbeat', { at: 4000, heartbeat: beat('train', 1, 2) })).state;
    expect(next.run.silencesMs).toEqual({ checkpoint: [3000] });
  });
});

describe('the first epochs of a trainer without heartbeats', () => {
  const launched = { launchedAt: 1000, epochAt: 1000, signAt: 1000 };
  const completed = (from: State, count: number, at: number) =>
    reduce(from, event('progress', { at, progress: epochs(count) }));
  const hangTimer = (step: ReturnType<typeof reduce>) =>
    step.effects.flatMap((effect) => (effect.type === 'armTimer' && effect.timer === 'hang' ? [effect.delayMs] : []));

  it.each([1, 3])('%d at once are the longest that one can have taken', (count) => {
    const step = completed(state('starting', { run: launched }), count, 201_000);
    expect(step.state.run).toMatchObject({ firstEpochsMs: 200_000, epochDurationsMs: [] });
    expect(hangTimer(step)).toEqual([1_000_000 / 8]);
  });

  it('a silence beyond that is a hang, and none before it', () => {
    const seen = completed(state('running', { run: launched }), 1, 201_000).state;
    const look = (at: number) =>
      reduce(seen, event('timerFired', { at, timer: 'hang' })).effects.map(({ type }) => type);
    expect(look(201_000 + 999_999)).toEqual(['armTimer']);
    expect(look(201_000 + 1_000_000)).toEqual(['inspect']);
    const judged = reduce(seen, event('inspected', { at: 1_201_000 }));
    expect(judged.state).toMatchObject({ name: 'stopping', cause: 'hang' });
  });

  it('the second one tells a duration, which counts from then on', () => {
    const seen = completed(state('running', { run: launched }), 2, 201_000).state;
    const next = completed(seen, 3, 251_000);
    expect(next.state.run.epochDurationsMs).toEqual([50_000]);
    expect(hangTimer(next)).toEqual([250_000 / 8]);
  });

  it('of an adopted trainer tell nothing: its epoch began before anybody looked', () => {
    const adopted = state('running', { trainer: { ...trainer, isAdopted: true }, run: launched });
    const step = completed(adopted, 2, 201_000);
    expect(step.state.run.firstEpochsMs).toBeUndefined();
    expect(hangTimer(step)).toEqual([]);
  });

  it('count for their attempt only', () => {
    const run = { ...launched, firstEpochsMs: 200_000 };
    const launching = reduce(state('preparing', { run }), event('checkpointVerified')).state;
    expect(launching).toMatchObject({ name: 'starting', run: { firstEpochsMs: undefined } });
  });
});

describe('stopGraceMs', () => {
  it('is the configured grace, and for a hang what saving has taken, several times', () => {
    const slow = state('running', { run: { silencesMs: { checkpoint: [4000, 2000] } } });
    expect(stopGraceMs(slow, 'requested')).toBe(30_000);
    expect(stopGraceMs(slow, 'hang')).toBe(12_000);
    expect(stopGraceMs(state('running'), 'hang')).toBe(5000);
    expect(stopGraceMs(state('running', { run: { silencesMs: { checkpoint: [99_000] } } }), 'hang')).toBe(30_000);
  });
});
