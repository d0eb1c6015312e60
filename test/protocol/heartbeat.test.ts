import { expect, test } from 'vitest';
import { parseHeartbeat, phases } from '../../src/protocol/heartbeat.js';
import { fc } from '../fast-check.js';

const beat = { attempt: 1, pid: 42, phase: 'train', epoch: 2, step: 7, steps_per_epoch: 100 };

test('reads what a trainer writes; values that are not finite are left out', () => {
  expect(parseHeartbeat(JSON.stringify({ ...beat, values: { loss: 0.5, broken: null } }))).toEqual({
    ...beat,
    values: { loss: 0.5 },
  });
});

test.each([
  ['an unknown phase', { ...beat, phase: 'dream' }],
  ['a negative step', { ...beat, step: -1 }],
  ['a missing attempt', { ...beat, attempt: undefined }],
  ['a string', 'train'],
])('%s is no heartbeat', (_, value) => {
  expect(parseHeartbeat(JSON.stringify(value))).toBeUndefined();
});

test('never throws, whatever the text', () => {
  const isKnown = (text: string) => phases.includes(parseHeartbeat(text)?.phase ?? 'train');
  fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), isKnown), { numRuns: 2000 });
});
