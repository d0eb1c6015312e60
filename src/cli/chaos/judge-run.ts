import { type ChaosRun, type FaultOutcome, faults, type StateComparison } from '../../chaos/index.js';
import { ExitCode } from '../../protocol/index.js';
import { compareRuns } from '../scratch/compare-runs.js';
import type { ScratchRun } from '../scratch/scratch-run.js';
import type { ChaosRunResult } from './chaos-run.js';

export interface Unbroken {
  readonly scratch: ScratchRun;
  readonly epochs: number;
  readonly tolerance: number;
}

/** Judges a run that is over: how it ended, and whether it ended where the unbroken one did. */
export function judgeRun(result: ChaosRunResult, run: number, seed: number, unbroken: Unbroken): ChaosRun {
  const { records, exitCode, startedAtMs, wallMs, falseKills, orphans } = result;
  const isToGiveUp = records.some(({ fault, isInjected }) => isInjected && outcomeOf(fault) === 'gives-up');
  const isComplete = exitCode === ExitCode.ok;
  return {
    ...{ run, seed, startedAtMs, wallMs, records, orphans },
    end: isComplete ? 'completed' : endOf(result),
    isEndExpected: result.isInterrupted || (isToGiveUp ? isComplete || exitCode === ExitCode.gaveUp : isComplete),
    falseKills: falseKills.map((entry) =>
      entry.event === 'exited' ? `${entry.class}: ${entry.summary}` : entry.event,
    ),
    state: isComplete ? compareState(result, unbroken) : unknown('the run is not complete'),
  };
}

function outcomeOf(fault: keyof typeof faults): FaultOutcome {
  return faults[fault].outcome;
}

function endOf({ exitCode, output }: ChaosRunResult): string {
  if (exitCode === ExitCode.gaveUp) return `gave up: ${/Gave up: (.*)/.exec(output)?.[1] ?? 'see its journal'}`;
  if (exitCode === ExitCode.stopped) return 'stopped';
  return `ended with exit code ${exitCode}: ${output.trim().split('\n').at(-1) ?? ''}`;
}

function compareState(
  { scratch, records }: ChaosRunResult,
  { scratch: unbroken, epochs, tolerance }: Unbroken,
): StateComparison {
  const changing = records.find(({ fault, isInjected }) => isInjected && 'keepsState' in faults[fault]);
  if (changing !== undefined)
    return { verdict: 'not-expected', distance: null, detail: `the remedy of ${changing.fault} changes the training` };
  const findings = compareRuns(unbroken, scratch, epochs, tolerance);
  const different = findings.find(({ verdict }) => verdict === 'different');
  const distance = Math.max(...findings.map((finding) => finding.distance));
  const verdict =
    different !== undefined
      ? 'different'
      : findings.some(({ verdict }) => verdict === 'within')
        ? 'within'
        : findings.every(({ verdict }) => verdict === 'unknown')
          ? 'unknown'
          : 'identical';
  const detail =
    different === undefined ? findings.map(({ part }) => part).join(', ') : `${different.part}: ${different.detail}`;
  return { verdict, distance: Number.isFinite(distance) ? distance : null, detail };
}

function unknown(detail: string): StateComparison {
  return { verdict: 'unknown', distance: null, detail };
}
