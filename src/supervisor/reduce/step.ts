import type { JournalRecord } from '../../protocol/index.js';
import type { Effect } from '../effect.js';
import type { RunFacts, State, StateName, StateOf } from '../state.js';

/** What one event leads to. */
export interface Step {
  readonly state: State;
  readonly effects: readonly Effect[];
}

/** The state stays what it is, and nothing is done. */
export function ignore(state: State): Step {
  return { state, effects: [] };
}

/** The fields of a situation without what every state has. */
type SituationOf<Name extends StateName> = Omit<StateOf<Name>, 'rules' | 'run' | 'intent'>;

/** Moves into another situation; facts and intent come along. */
export function enter<Name extends StateName>(from: State, situation: SituationOf<Name>): State {
  const { rules, run, intent } = from;
  return { rules, run, intent, ...situation } as unknown as State;
}

/** The same situation with other facts. */
export function withRun(state: State, changes: Partial<RunFacts>): State {
  return { ...state, run: { ...state.run, ...changes } };
}

export function journal(record: JournalRecord): Effect {
  return { type: 'journal', record };
}

export const publish: Effect = { type: 'publish' };

export const cancelTimers: Effect = { type: 'cancelTimers' };
