import type { Phase } from '../protocol/index.js';
import { median } from './median.js';
import type { HangRules, Rules } from './rules.js';
import type { RunFacts } from './state.js';

const mostLateMs = 5000;
/** Share of the threshold by which a timer may be late: what is left of it has to be a silence that was seen. */
const mostLateShare = 0.5;

/** A late timer is no witness: the machine slept, or the supervisor did not get to run. */
export function isTooLate({ rules, run }: { rules: Rules; run: RunFacts }, lateMs: number): boolean {
  return lateMs > Math.min(mostLateMs, mostLateShare * (hangThresholdMs(rules, run) ?? mostLateMs));
}

/** How often silence is looked at until it is a hang: of a standstill, one part in so many can pass for silence. */
export const looksPerThreshold = 8;

/**
 * Time (ms) for which a timer of `delayMs` has to be armed again because it passed unseen, while the supervisor stood still;
 * undefined when what is missing is too little to matter.
 */
export function missedMs(delayMs: number, lateMs: number): number | undefined {
  return lateMs > delayMs / looksPerThreshold ? Math.min(lateMs, delayMs) : undefined;
}

const keptSilences = 200;
/** Fewer say too little: one of them may have been read late, and so look short. */
const leastSilences = 3;
/** Share of the longest silence by which a threshold always lies above it, whatever the cap says. */
const leastMargin = 1.5;
/** A start-up may take this share of its cap at least, however short the ones before it were. */
const coldCaches = 6;
/** Deviations from the median that are still usual. */
const usualDeviations = 10;

/** The phase that a trainer is in, as its heartbeats tell it; before the first one it is starting up. */
export function currentPhase({ heartbeat }: RunFacts): Phase {
  return heartbeat?.phase ?? 'startup';
}

/** Silence (ms) that counts as a hang now; undefined when nothing is known that a hang could be told by. */
export function hangThresholdMs({ hang }: Rules, run: RunFacts): number | undefined {
  if (hang === undefined) return undefined;
  if (!run.hasHeartbeats) return epochThresholdMs(hang, run);
  const phase = currentPhase(run);
  const seen = run.silencesMs[phase] ?? [];
  if (phase !== 'startup') return thresholdMs(hang, seen, hang.capMs);
  // Caches that are cold once make a start-up many times as long.
  const floorMs = Math.max(hang.floorMs, hang.startupCapMs / coldCaches);
  return thresholdMs({ ...hang, floorMs }, seen, hang.startupCapMs);
}

/** Adds a silence to those of its phase. */
export function noteSilence(run: RunFacts, phase: Phase, silenceMs: number): RunFacts['silencesMs'] {
  return { ...run.silencesMs, [phase]: [...(run.silencesMs[phase] ?? []), silenceMs].slice(-keptSilences) };
}

/** Without heartbeats only whole epochs can be told; the first one after a launch has the start-up in it. */
function epochThresholdMs(hang: HangRules, run: RunFacts): number | undefined {
  const { epochDurationsMs, epochAt, launchedAt } = run;
  if (epochDurationsMs.length === 0) return firstEpochsThresholdMs(hang, run);
  const threshold = thresholdMs(hang, epochDurationsMs, Number.POSITIVE_INFINITY, 1);
  return epochAt === launchedAt ? threshold + hang.startupCapMs : threshold;
}

/**
 * Of the first epochs of a run no more is known than that each took less than the time since the launch. Neither is that certain:
 * a trainer may have begun by telling what somebody else had trained, and then may need its start-up and a phase of its own.
 */
function firstEpochsThresholdMs(hang: HangRules, { firstEpochsMs }: RunFacts): number | undefined {
  if (firstEpochsMs === undefined) return undefined;
  return Math.max(hang.floorMs, hang.startupCapMs + hang.capMs, firstEpochsMs * hang.factor);
}

function thresholdMs(
  { factor, floorMs }: HangRules,
  seen: readonly number[],
  cap: number,
  leastSeen = leastSilences,
): number {
  const longest = Math.max(0, ...seen);
  if (seen.length < leastSeen) return Math.max(cap, floorMs, longest * leastMargin);
  const learned = Math.max(longest * factor, median(seen) + usualDeviations * medianDeviation(seen));
  return Math.max(floorMs, Math.min(learned, cap), longest * leastMargin);
}

/** Median absolute deviation, scaled to the standard deviation of a normal distribution. */
function medianDeviation(values: readonly number[]): number {
  const middle = median(values);
  return 1.4826 * median(values.map((value) => Math.abs(value - middle)));
}
