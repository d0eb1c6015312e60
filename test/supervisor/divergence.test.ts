import { describe, expect, it } from 'vitest';
import type { Heartbeat } from '../../src/protocol/index.js';
import { findDivergence, keptDivergences } from '../../src/supervisor/divergence.js';
import { reduce } from '../../src/supervisor/reduce.js';
import { epochs, event, facts, state } from './support.js';

const beat = (changes: Partial<Heartbeat> = {}): Heartbeat => ({
  ...{ attempt: 1, pid: 4711, phase: 'train', epoch: 3, step: 59, steps_per_epoch: 120 },
  ...changes,
});

describe('findDivergence', () => {
  const saved = epochs(2, { partialStep: 40 });
  it.each([
    ['the batch after those that are done', beat(), { epoch: 3, step: 59 }],
    ['the first batch of the next epoch after a whole one', beat({ step: 120 }), { epoch: 4, step: 0 }],
    ['the first batch after a launch that came to no step', undefined, { epoch: 3, step: 40 }],
    ['the first batch after the start-up', beat({ phase: 'startup', epoch: 0, step: 0 }), { epoch: 3, step: 40 }],
    ['no batch in a validation', beat({ phase: 'validate' }), undefined],
  ])('is %s', (_, heartbeat, expected) => {
    expect(findDivergence({ heartbeat, hasHeartbeats: true, progress: saved })).toEqual(expected);
  });

  it('is unknown without heartbeats', () => {
    expect(findDivergence({ heartbeat: undefined, hasHeartbeats: false, progress: saved })).toBeUndefined();
  });
});

describe('a run that diverges', () => {
  const evidence = { logTail: ['FloatingPointError: loss is nan'], oomKills: undefined };
  const exit = (heartbeat?: Heartbeat) => event('exited', { evidence: { ...evidence, heartbeat } });
  const earlier = { at: { epoch: 2, step: 7 } };

  it('remembers the batch, by the heartbeat that was read after the end, and journals it', () => {
    const running = state('running', { run: { heartbeat: beat({ step: 50 }), divergences: [earlier] } });
    const step = reduce(running, exit(beat()));
    expect(step.state.run.divergences).toEqual([earlier, { at: { epoch: 3, step: 59 } }]);
    const record = step.effects.flatMap((effect) => (effect.type === 'journal' ? [effect.record] : []));
    expect(record).toContainEqual(expect.objectContaining({ class: 'diverged', diverged_epoch: 3, diverged_step: 59 }));
  });

  it('tells it to the next launch, and to those after other failures', () => {
    const preparing = state('preparing', { run: { divergences: [earlier] } });
    const step = reduce(preparing, event('checkpointVerified'));
    expect(step.effects).toContainEqual(expect.objectContaining({ type: 'spawn', divergences: [earlier] }));
    const crashed = reduce(state('running', { run: { divergences: [earlier] } }), event('exited'));
    expect(crashed.state.run.divergences).toEqual([earlier]);
  });

  it('remembers the latest ones only', () => {
    const divergences = Array.from({ length: keptDivergences }, () => earlier);
    const { run } = reduce(state('running', { run: { ...facts(), divergences } }), exit(beat())).state;
    expect(run.divergences).toHaveLength(keptDivergences);
    expect(run.divergences.at(-1)).toEqual({ at: { epoch: 3, step: 59 } });
  });
});
