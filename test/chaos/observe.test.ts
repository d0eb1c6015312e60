import { describe, expect, test } from 'vitest';
import type { ChaosReport, ChaosRun } from '../../src/chaos/campaign-report.js';
import { countEqual, findShortcomings, summarize } from '../../src/chaos/campaign-report.js';
import { type FaultRecord, findFalseKills, observe } from '../../src/chaos/observe.js';
import { renderPage } from '../../src/chaos/page.js';
import type { JournalEntry } from '../../src/protocol/index.js';

const startMs = Date.parse('2026-01-01T00:00:00.000Z');
const entry = (afterMs: number, event: string, fields: object = {}) =>
  ({ time: new Date(startMs + afterMs).toISOString(), event, ...fields }) as unknown as JournalEntry;
const exited = (afterMs: number, attempt: number, name = 'killed') =>
  entry(afterMs, 'exited', { attempt, class: name, summary: name, lost_ms: 700 });
const evidence = (entries: readonly JournalEntry[], workedAtMs?: number) => ({
  ...{ entries, attempt: 1, atMs: startMs, workedAtMs },
});

describe('observe', () => {
  test('a kill is detected by the end of the attempt, and recovered from by work of a later one', () => {
    const entries = [exited(20, 1), entry(30, 'launched', { attempt: 2 }), entry(500, 'ready', { attempt: 2 })];
    expect(observe('sigkill', evidence(entries))).toMatchObject({
      ...{ isDetected: true, detectMs: 20, seenAs: 'killed', isRecovered: true, recoverMs: 500, lostMs: 700 },
    });
  });

  test('work of the attempt that was struck is no recovery', () => {
    const entries = [entry(10, 'epoch_completed', { attempt: 1 }), exited(20, 1)];
    expect(observe('sigkill', evidence(entries))).toMatchObject({
      isDetected: true,
      isRecovered: false,
      recoverMs: null,
    });
  });

  test('a hang is detected before it is ended', () => {
    const entries = [entry(900, 'hang_detected', { attempt: 1 }), exited(1500, 1, 'hang')];
    expect(observe('hang', evidence(entries))).toMatchObject({ detectMs: 900, seenAs: 'hang', isRecovered: false });
  });

  test('a trainer that is adopted is recovered', () => {
    const entries = [entry(1100, 'run_started'), entry(1200, 'adopted', { attempt: 1 })];
    expect(observe('supervisor-sigkill', evidence(entries))).toMatchObject({ isRecovered: true, recoverMs: 1200 });
  });

  test('what is to be tolerated is over when work goes on, and there is nothing to detect', () => {
    expect(observe('slow-disk', evidence([], startMs + 40))).toMatchObject({ isDetected: null, recoverMs: 40 });
    expect(observe('slow-disk', evidence([]))).toMatchObject({ isRecovered: false });
  });

  test('a run that is complete has recovered from whatever came at its end, but for what is to be given up', () => {
    const entries = [exited(5, 1, 'finished'), entry(60, 'completed')];
    for (const fault of ['sigkill', 'supervisor-sigkill', 'slow-disk', 'disk-full'] as const)
      expect(observe(fault, evidence(entries))).toMatchObject({ isRecovered: true, recoverMs: 60 });
    expect(observe('sigkill', evidence(entries))).toMatchObject({ isDetected: true });
    expect(observe('poison-batch', evidence(entries))).toMatchObject({ isRecovered: false });
  });

  test('a run that is to be given up is', () => {
    expect(observe('poison-batch', evidence([exited(1, 1)]))).toMatchObject({ isRecovered: false });
    expect(observe('poison-batch', evidence([exited(1, 1), entry(90, 'gave_up')]))).toMatchObject({ recoverMs: 90 });
  });
});

test('ends that no fault accounts for are false kills; the end of the training is none', () => {
  const entries = [exited(1, 1), exited(2, 2, 'hang'), exited(3, 3, 'stopped'), exited(4, 4, 'finished')];
  expect(findFalseKills(entries, [{ firstEntry: 0, lastEntry: 0 }])).toEqual([entries[1]]);
});

const record = (changes: Partial<FaultRecord>): FaultRecord => ({
  ...{ fault: 'sigkill', plannedMs: 0, what: 'SIGKILL to 1', isInjected: true, atMs: startMs, isDetected: true },
  ...{ detectMs: 10, seenAs: 'killed', isRecovered: true, recoverMs: 100, lostMs: 5, objection: null },
  ...changes,
});
const run = (changes: Partial<ChaosRun>): ChaosRun => ({
  ...{ run: 1, seed: 1, startedAtMs: startMs, wallMs: 9000, end: 'completed', isEndExpected: true, records: [] },
  ...{ falseKills: [], orphans: [], state: { verdict: 'identical', distance: 0, detail: '' } },
  ...changes,
});
const report = (...runs: ChaosRun[]): ChaosReport => ({
  ...{ experiment: 'a <b> & c', startedAt: '2026', seed: 1, faults: ['sigkill'], meanTimeBetweenSecs: 20, epochs: 3 },
  ...{ runsPlanned: runs.length, unbrokenMs: 8000, isInterrupted: false, runs },
});

describe('a report', () => {
  test('sums up by fault: medians, greatest, and what was refused', () => {
    const records = [10, 30, 20].map((detectMs) => record({ detectMs }));
    const refused = record({ isInjected: false, what: 'needs root', detectMs: null });
    expect(summarize(report(run({ records: [...records, refused] })))).toMatchObject([
      { injected: 3, detected: 3, recovered: 3, detectMs: { median: 20, most: 30 }, refused: ['needs root'] },
    ]);
  });

  test('of runs in which all came as it is to be has no shortcomings', () => {
    expect(findShortcomings(report(run({ records: [record({})] })))).toEqual([]);
    expect(renderPage(report(run({})))).toContain('>Passed<');
  });

  test.each<[string, ChaosRun]>([
    ['not detected', run({ records: [record({ isDetected: false })] })],
    ['not recovered from', run({ records: [record({ isRecovered: false })] })],
    ['still lives', run({ records: [record({ objection: 'the process 7 that it left still lives' })] })],
    ['gave up', run({ end: 'gave up: no progress', isEndExpected: false })],
    ['ended without a fault', run({ falseKills: ['hang: no sign of work'] })],
    ['another final state', run({ state: { verdict: 'different', distance: 0.5, detail: 'weights' } })],
    ['left behind', run({ orphans: ['7 sleep'] })],
  ])('names what is %s', (said, broken) => {
    const shortcomings = findShortcomings(report(run({}), broken));
    expect(shortcomings).toHaveLength(1);
    expect(shortcomings[0]).toContain(said);
    expect(renderPage(report(broken))).toContain('Not passed');
  });

  test('counts the runs that ended like the unbroken one, of those that can be compared', () => {
    const verdicts = ['identical', 'within', 'different', 'unknown', 'not-expected'] as const;
    const runs = verdicts.map((verdict) => run({ state: { verdict, distance: null, detail: '' } }));
    expect(countEqual(report(...runs))).toEqual({ equal: 2, compared: 3 });
  });

  test('is a page that takes names as text', () => {
    const page = renderPage(report(run({ records: [record({ what: '<script>' })] })));
    expect(page).toContain('a &lt;b&gt; &amp; c');
    expect(page).not.toContain('<script>');
  });
});
