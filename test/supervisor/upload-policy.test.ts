import { describe, expect, it } from 'vitest';
import {
  mayBeginAnew,
  nextUpload,
  noteFailed,
  noteSaved,
  noteStarted,
  noteUploaded,
  noUploads,
  type UploadFacts,
  type UploadRules,
} from '../../src/supervisor/upload-policy.js';
import { epochs } from './support.js';

const rules: UploadRules = { every: { kind: 'epoch' }, retryMs: 1000, maxRetryMs: 5000 };
const now = { kind: 'now' };
const saved = (facts: UploadFacts, epoch: number, step = 0) =>
  noteSaved(facts, rules, epochs(epoch, { partialStep: step }));

describe('uploads', () => {
  it('begin with what is saved, and not before', () => {
    expect(nextUpload(noUploads, rules, 0)).toBeUndefined();
    expect(nextUpload(saved(noUploads, 0), rules, 0)).toBeUndefined();
    expect(nextUpload(saved(noUploads, 1), rules, 0)).toEqual(now);
  });

  it('go one at a time, and of what waits only the newest is remembered', () => {
    let facts = noteStarted(saved(noUploads, 1), 0);
    for (const epoch of [2, 3, 4]) facts = saved(facts, epoch);
    expect(nextUpload(facts, rules, 9)).toBeUndefined();
    facts = noteUploaded(facts);
    expect(facts).toMatchObject({ uploaded: 'epoch 1', saved: 'epoch 4' });
    expect(nextUpload(facts, rules, 9)).toEqual(now);
    expect(nextUpload(noteUploaded(noteStarted(facts, 9)), rules, 10)).toBeUndefined();
  });

  it('come again when the training went back', () => {
    const done = noteUploaded(noteStarted(saved(noUploads, 5), 0));
    expect(nextUpload(saved(done, 3), rules, 1)).toEqual(now);
  });

  it('that fail wait twice as long each time, up to the most, at least half of it', () => {
    let facts = saved(noUploads, 1);
    const delays = [0, 1, 2, 3, 4].map(() => {
      facts = noteFailed(noteStarted(facts, 0), rules, 0, 0);
      const least = facts.retryAt ?? 0;
      return [least, noteFailed({ ...facts, failures: facts.failures - 1 }, rules, 0, 0.999).retryAt];
    });
    expect(delays.map(([least]) => least)).toEqual([500, 1000, 2000, 2500, 2500]);
    expect(delays.map(([, most]) => Math.round(Number(most) / 100) * 100)).toEqual([1000, 2000, 4000, 5000, 5000]);
    expect(facts).toMatchObject({ failures: 5, failingSince: 0 });
    expect(nextUpload(facts, rules, 2000)).toEqual({ kind: 'later', delayMs: 500 });
    expect(nextUpload(saved(facts, 2), rules, 2499)).toEqual({ kind: 'later', delayMs: 1 });
    expect(nextUpload(facts, rules, 2500)).toEqual(now);
    expect(noteUploaded(noteStarted(facts, 2500))).toMatchObject({ failures: 0, failingSince: undefined });
  });

  it('of an interval come at most that often, also inside an epoch', () => {
    const often: UploadRules = { ...rules, every: { kind: 'interval', ms: 1000 } };
    const save = (facts: UploadFacts, step: number) => noteSaved(facts, often, epochs(1, { partialStep: step }));
    let facts = save(noUploads, 3);
    expect(nextUpload(facts, often, 50)).toEqual(now);
    facts = save(noteUploaded(noteStarted(facts, 50)), 6);
    expect(nextUpload(facts, often, 250)).toEqual({ kind: 'later', delayMs: 800 });
    expect(nextUpload(facts, often, 1050)).toEqual(now);
  });

  it('of the best alone come with a new best', () => {
    const best: UploadRules = { ...rules, every: { kind: 'best' } };
    const save = (facts: UploadFacts, epoch: number, bestEpoch?: number) =>
      noteSaved(facts, best, epochs(epoch, { bestEpoch }));
    expect(nextUpload(save(noUploads, 3), best, 0)).toBeUndefined();
    const done = noteUploaded(noteStarted(save(noUploads, 3, 2), 0));
    expect(nextUpload(save(done, 4, 2), best, 0)).toBeUndefined();
    expect(nextUpload(save(done, 4, 4), best, 0)).toEqual(now);
  });

  it('that cannot be asked for a checkpoint keep a run from beginning anew: for a while, or as long as it had epochs', () => {
    expect(mayBeginAnew({ waitedMs: 10, mostMs: 20, mostEpochs: 0 })).toBe(false);
    expect(mayBeginAnew({ waitedMs: 20, mostMs: 20, mostEpochs: 0 })).toBe(true);
    expect(mayBeginAnew({ waitedMs: 1e9, mostMs: 20, mostEpochs: 1 })).toBe(false);
  });
});
