import { type FaultName, type FaultOutcome, faultNames, faults } from './faults.js';
import type { FaultRecord } from './observe.js';

/** How the final state of a run compares with that of the unbroken one. */
export interface StateComparison {
  readonly verdict: 'identical' | 'within' | 'different' | 'unknown' | 'not-expected';
  /** Largest absolute difference of a number; null for what is no number. */
  readonly distance: number | null;
  /** The first difference, or why nothing is compared. */
  readonly detail: string;
}

/** One run of a campaign. */
export interface ChaosRun {
  readonly run: number;
  readonly seed: number;
  /** Time of day at which it began. */
  readonly startedAtMs: number;
  readonly wallMs: number;
  /** How it ended: `completed`, `gave up`, `stopped`, or what else. */
  readonly end: string;
  readonly isEndExpected: boolean;
  readonly records: readonly FaultRecord[];
  /** Ends of attempts that no fault accounts for, in words. */
  readonly falseKills: readonly string[];
  readonly state: StateComparison;
  /** Processes of the run that were left when it was over, in words. */
  readonly orphans: readonly string[];
}

/** A campaign, whole or so far. */
export interface ChaosReport {
  readonly experiment: string;
  readonly startedAt: string;
  readonly seed: number;
  readonly faults: readonly FaultName[];
  readonly meanTimeBetweenSecs: number;
  readonly epochs: number;
  readonly runsPlanned: number;
  readonly unbrokenMs: number;
  readonly isInterrupted: boolean;
  readonly runs: readonly ChaosRun[];
}

/** What came of all faults of one name. Times are milliseconds; null where there is none. */
export interface FaultSummary {
  readonly fault: FaultName;
  readonly outcome: FaultOutcome;
  readonly injected: number;
  /** Why the others were not injected. */
  readonly refused: readonly string[];
  /** Null where there is nothing to notice. */
  readonly detected: number | null;
  readonly recovered: number;
  readonly seenAs: readonly string[];
  readonly detectMs: Spread | null;
  readonly recoverMs: Spread | null;
  readonly lostMs: Spread | null;
  readonly objections: readonly string[];
}

/** Median and greatest of some numbers. */
export interface Spread {
  readonly median: number;
  readonly most: number;
}

/** Sums a campaign up by fault, in the order of the catalogue. Pure. */
export function summarize({ runs }: ChaosReport): FaultSummary[] {
  const records = runs.flatMap((run) => run.records);
  return faultNames.flatMap((fault) => {
    const all = records.filter((record) => record.fault === fault);
    if (all.length === 0) return [];
    const { outcome } = faults[fault] as { outcome: FaultOutcome };
    const injected = all.filter(({ isInjected }) => isInjected);
    return {
      fault,
      outcome,
      injected: injected.length,
      refused: [...new Set(all.filter(({ isInjected }) => !isInjected).map(({ what }) => what))],
      detected: outcome === 'tolerated' ? null : injected.filter(({ isDetected }) => isDetected).length,
      recovered: injected.filter(({ isRecovered }) => isRecovered).length,
      seenAs: [...new Set(injected.flatMap(({ seenAs }) => seenAs ?? []))],
      detectMs: spreadOf(injected.map(({ detectMs }) => detectMs)),
      recoverMs: spreadOf(injected.map(({ recoverMs }) => recoverMs)),
      lostMs: spreadOf(injected.map(({ lostMs }) => lostMs)),
      objections: [...new Set(injected.flatMap(({ objection }) => objection ?? []))],
    };
  });
}

/** What is not as it is to be, in words; empty when everything is. Pure. */
export function findShortcomings(report: ChaosReport): string[] {
  const perFault = summarize(report).flatMap(({ fault, injected, detected, recovered, objections }) => [
    ...(detected !== null && detected < injected
      ? [`${fault}: ${injected - detected} of ${injected} not detected`]
      : []),
    ...(recovered < injected ? [`${fault}: ${injected - recovered} of ${injected} not recovered from`] : []),
    ...objections.map((objection) => `${fault}: ${objection}`),
  ]);
  const perRun = report.runs.flatMap(({ run, end, isEndExpected, falseKills, state, orphans }) => [
    ...(isEndExpected ? [] : [`run ${run}: ${end}`]),
    ...falseKills.map((kill) => `run ${run}: ended without a fault: ${kill}`),
    ...(state.verdict === 'different' ? [`run ${run}: another final state: ${state.detail}`] : []),
    ...orphans.map((orphan) => `run ${run}: left behind: ${orphan}`),
  ]);
  return [...perFault, ...perRun];
}

/** How many runs ended in the state of the unbroken one, of those that were compared. */
export function countEqual({ runs }: ChaosReport): { readonly equal: number; readonly compared: number } {
  const compared = runs.filter(({ state }) => state.verdict !== 'unknown' && state.verdict !== 'not-expected');
  return { equal: compared.filter(({ state }) => state.verdict !== 'different').length, compared: compared.length };
}

function spreadOf(values: readonly (number | null)[]): Spread | null {
  const known = values.filter((value) => value !== null).sort((left, right) => left - right);
  const middle = known.length / 2;
  const most = known.at(-1);
  if (most === undefined) return null;
  const [low = most, high = most] = [known[Math.ceil(middle) - 1], known[Math.floor(middle)]];
  return { median: (low + high) / 2, most };
}
