import { failureClasses } from './failure-classes.js';
import type { State } from './state.js';

/** Where things are, for the report. */
export interface ReportPaths {
  readonly runDir: string;
  readonly checkpointDir: string;
  readonly output: string | undefined;
}

/** One screen for a run that was given up: what, why, the evidence, what was saved, what to do. Pure. */
export function describeGiveUp(state: State, paths: ReportPaths): string[] {
  if (state.name !== 'gaveUp') return [];
  const { run, rules } = state;
  const { lastFailure: failure, progress } = run;
  const checkpoint = progress.checkpoint === undefined ? '' : ` (${progress.checkpoint})`;
  return [
    '',
    `Gave up: ${state.explanation}.`,
    '',
    ...(failure === undefined ? [] : [`  what happened   attempt ${run.attempt}: ${failure.summary}`]),
    ...(failure?.evidence ?? []).map((line) => `                  | ${line.slice(0, 160)}`),
    `  what is saved   ${progress.epochs} of ${rules.epochsTotal} epochs${checkpoint} in ${paths.checkpointDir}`,
    ...(failure === undefined ? [] : [`  what to do      ${failureClasses[failure.class].advice}`]),
    ...(paths.output === undefined ? [] : [`  full log        ${paths.output}`]),
    `  then            the same command continues the run`,
    '',
  ];
}
