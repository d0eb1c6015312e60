// What a run's diary of steps tells: which time was useful, which was lost, and what each fault cost.
import { readFileSync } from 'node:fs';
import { median } from '../lib/statistics.mjs';

/** The steps of a run in the order of their ends: `[{ epoch, step, at_ms, step_ms, pid }]`; a torn line is left out. */
export function readDiary(path) {
  let text = '';
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return [];
  }
  return text
    .split('\n')
    .flatMap((line) => {
      try {
        return [JSON.parse(line)];
      } catch {
        return [];
      }
    })
    .filter(({ at_ms }) => Number.isFinite(at_ms))
    .sort((left, right) => left.at_ms - right.at_ms);
}

/** When the first step began. */
export const beginOf = (diary) => diary[0].at_ms - diary[0].step_ms;

/**
 * Accounts for `windowMs` from the first step. A step is useful when no later one, also after the window, came before it in the
 * order of the work; what lies between
 * two useful steps of one process is useful as far as it is usual there (median), and whole between epochs: validation and the
 * epoch's own checkpoint belong to an unbroken run too. What the first step of a relaunch takes longer than usual is no training:
 * the run is down for so much longer. `faults` are `[{ at_ms }]`, times of death.
 */
export function account(diary, faults, windowMs) {
  const begin = beginOf(diary);
  const end = begin + windowMs;
  const steps = diary.filter(({ at_ms }) => at_ms <= end);
  const stayed = findStayed(diary);
  const isUseful = (_, index) => stayed[index];
  const gaps = steps.map((entry, index) => {
    const before = steps[index - 1];
    const isSame = before?.pid === entry.pid;
    return isSame
      ? { ms: Math.max(0, entry.at_ms - entry.step_ms - before.at_ms), isEpoch: before.epoch !== entry.epoch }
      : undefined;
  });
  const usualStepMs = median(steps.map(({ step_ms }) => step_ms));
  const warmUpMs = ({ step_ms }) => Math.max(0, step_ms - usualStepMs);
  const usualGap = median(gaps.flatMap((gap) => (gap === undefined || gap.isEpoch ? [] : [gap.ms])));
  const parts = { useful: 0, lost: 0, down: 0 };
  const strips = [];
  const add = (kind, from, to) => {
    parts[kind] += to - from;
    const previous = strips.at(-1);
    if (previous?.kind === kind && from - begin - previous.to < 1000) previous.to = to - begin;
    else strips.push({ kind, from: from - begin, to: to - begin });
  };
  steps.forEach((entry, index) => {
    const gap = gaps[index];
    const useful = gap === undefined ? 0 : gap.isEpoch ? gap.ms : Math.min(gap.ms, usualGap);
    const warmUp = index > 0 && steps[index - 1].pid !== entry.pid ? warmUpMs(entry) : 0;
    parts.down += warmUp;
    add(isUseful(entry, index) ? 'useful' : 'lost', entry.at_ms - entry.step_ms - useful + warmUp, entry.at_ms);
  });
  const costs = faults.map((fault) => costOf(fault, steps, end, warmUpMs));
  for (const { died, began, back, brokenMs } of costs) {
    parts.lost += brokenMs;
    parts.down += Math.min(began ?? end, end) - died;
    strips.push({ kind: 'down', from: died - begin, to: Math.min(back ?? end, end) - begin });
  }
  const back = costs.filter(({ back }) => back !== undefined);
  return {
    goodput: parts.useful / windowMs,
    ettr: 1 - (parts.lost + parts.down) / windowMs,
    useful_ms: parts.useful,
    lost_ms: parts.lost,
    down_ms: parts.down,
    mttr_ms: back.map(({ died, back }) => back - died),
    lost_ms_per_fault: faults.length === 0 ? undefined : parts.lost / faults.length,
    relaunches: new Set(steps.map(({ pid }) => pid)).size - 1,
    faults: faults.length,
    // With little of the window left nobody could say.
    ended: costs.filter(({ died, back }) => back === undefined && end - died > patienceMs).length,
    step_ms: usualStepMs,
    // What an epoch takes that nobody disturbs, and what a save keeps the training waiting on average: rare long ones count.
    epoch_ms: epochMs(steps),
    save_gap_ms: mean(
      gaps.flatMap((gap) => (gap && !gap.isEpoch && gap.ms > 2 * usualGap + 5 ? [gap.ms - usualGap] : [])),
    ),
    strips: strips.sort((left, right) => left.from - right.from),
  };
}

const patienceMs = 30_000;

const mean = (values) => (values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length);

/** Whether each step's result stayed: whoever comes later began behind it. */
function findStayed(diary) {
  const stayed = [];
  let least = Number.POSITIVE_INFINITY;
  for (let index = diary.length - 1; index >= 0; index--) {
    const position = diary[index].epoch * 1e6 + diary[index].step;
    stayed[index] = position < least;
    least = Math.min(least, position);
  }
  return stayed;
}

/** Median time between the first steps of epochs that follow each other in one process. */
function epochMs(steps) {
  const firsts = steps.filter(({ step }) => step === 1);
  const spans = firsts.slice(1).map((entry, index) => ({ entry, before: firsts[index] }));
  return median(spans.flatMap(({ entry, before }) => (entry.pid === before.pid ? [entry.at_ms - before.at_ms] : [])));
}

/** The step that was under way is lost too; the run is back when the first step of another process is as long as others. */
function costOf({ at_ms: died }, steps, end, warmUpMs) {
  const before = steps.findLast(({ at_ms }) => at_ms <= died);
  const after = steps.find(({ at_ms, pid }) => at_ms > died && pid !== before?.pid);
  const brokenMs = before === undefined ? 0 : Math.min(died - before.at_ms, 5 * before.step_ms);
  const began = after && after.at_ms - after.step_ms;
  return { died: Math.min(died, end), began, back: after && began + warmUpMs(after), brokenMs };
}
