import type { State } from '../supervisor/state.js';
import type { TimePart } from './account.js';

/** How a simulated run went. */
export interface SimulatedRun {
  readonly end: State['name'] | 'broken off';
  /** Why it was given up. */
  readonly explanation: string | undefined;
  readonly wallSecs: number;
  /** Training whose result is in the last checkpoint. */
  readonly usefulSecs: number;
  /** Training since the last checkpoint, when the run is broken off. */
  readonly unsavedSecs: number;
  readonly parts: Readonly<Record<TimePart, number>>;
  readonly faults: number;
  readonly relaunches: number;
  /** Hangs that the supervisor noticed. */
  readonly hangsDetected: number;
  /** Hangs that it saw where there were none. */
  readonly falseKills: number;
}
