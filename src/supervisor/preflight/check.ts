import type { LoadedExperiment, ResolvedRun, TrainerLaunch } from '../../config/index.js';

/** How a finding is to be taken: all is well, worth a look, or the run cannot go well. */
export type Level = 'ok' | 'warning' | 'failure';

/** One line of the preflight. */
export interface Finding {
  readonly level: Level;
  /** What is so. */
  readonly what: string;
  /** What to do about it. */
  readonly fix?: string;
  /** Of a failure: whether the experiment file is to be corrected, the machine is not ready, or the run is in use. */
  readonly blame?: 'experiment' | 'machine' | 'lock';
}

/** What the checks look at. */
export interface PreflightContext {
  readonly loaded: LoadedExperiment;
  readonly run: ResolvedRun;
  readonly launch: TrainerLaunch;
  /** Environment that the trainer will have. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Whether a trainer of ours reads the experiment; somebody else's may take its keys for anything. */
  readonly isReference: boolean;
  /** Fast checks only, a few milliseconds each: the ones before the first launch. */
  readonly isQuick: boolean;
  readonly now: Date;
}

/** A check: what it is called in the list, and its findings. It may throw. */
export interface Check {
  readonly title: string;
  readonly look: (context: PreflightContext) => readonly Finding[] | Promise<readonly Finding[]>;
}

export const ok = (what: string): Finding => ({ level: 'ok', what });
export const warning = (what: string, fix: string): Finding => ({ level: 'warning', what, fix });
export const failure = (blame: NonNullable<Finding['blame']>, what: string, fix: string): Finding => ({
  ...{ level: 'failure', blame },
  ...{ what, fix },
});
