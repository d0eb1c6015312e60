import type { State, StopCause } from './state.js';

/** A trainer that hangs will hardly save, but one that is only slow shall be able to. */
const leastHangGraceMs = 5000;
/** How many times the longest save a hanging trainer is given. */
const saveMargin = 3;

/** Time between SIGTERM and SIGKILL: the configured one, or for a hang what the longest save has taken, several times. Pure. */
export function stopGraceMs({ rules, run }: Pick<State, 'rules' | 'run'>, cause: StopCause): number {
  if (cause !== 'hang') return rules.stopGraceMs;
  const longestSave = Math.max(0, ...(run.silencesMs.checkpoint ?? []));
  return Math.min(rules.stopGraceMs, Math.max(leastHangGraceMs, saveMargin * longestSave));
}
