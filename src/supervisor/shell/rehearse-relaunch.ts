import { monotonicMs } from '../../protocol/index.js';
import type { SupervisorEvent } from '../event.js';
import { noProgress, type Progress } from '../progress.js';
import { reduce } from '../reduce.js';
import type { State } from '../state.js';
import { findRunProcesses } from './find-run-processes.js';
import { hasGpuTool } from './gpu.js';
import { readLogTail } from './log-tail.js';
import { countOomKills } from './oom-kills.js';

export interface RehearsalOptions {
  readonly token: string;
  readonly attempt: number;
  /** The log of the trainer that works. */
  readonly output: string;
  readonly readProgress: () => Progress | undefined;
}

/** A function is compiled when it is called for the first time, a regular expression when it is used for the second. */
const times = 2;
let isCompiled = false;

/**
 * Goes the way of a relaunch as far as that changes nothing, while the trainer works: what the first one needs is compiled
 * then. Every time, what other processes there are is looked at, so that the relaunch knows them.
 */
export function rehearseRelaunch(state: State, { token, attempt, output, readProgress }: RehearsalOptions): void {
  findRunProcesses(token, { attempt });
  if (isCompiled) return;
  isCompiled = true;
  hasGpuTool();
  for (let i = 0; i < times; i++) {
    findRunProcesses(token, { attempt });
    const evidence = { logTail: readLogTail(output), oomKills: countOomKills() };
    const exited = { type: 'exited', attempt, progress: readProgress(), evidence, jitter: 0.5 } as const;
    play(state, { ...exited, status: { code: null, signal: 'SIGKILL' } });
    play(state, { ...exited, status: { code: 1, signal: null } });
  }
}

export interface Rehearsals {
  readonly isOver: () => boolean;
  readonly rehearse: () => void;
  readonly onError: (error: unknown) => void;
}

/** When the trainer is past its own start; then after twice the time, and so on. */
const firstMs = 1000;
const mostBetweenMs = 60_000;

/** Rehearses again and again while an attempt works. */
export function keepRehearsing({ isOver, rehearse, onError }: Rehearsals, afterMs = 0): void {
  const delayMs = Math.min(Math.max(firstMs, afterMs), mostBetweenMs);
  const perform = () => {
    if (isOver()) return;
    try {
      rehearse();
      keepRehearsing({ isOver, rehearse, onError }, afterMs + delayMs);
    } catch (error) {
      onError(error);
    }
  };
  setTimeout(perform, delayMs).unref();
}

/** What the core would do after this end; nobody performs it. */
function play(before: State, exited: Unstamped<'exited'>): void {
  const at = monotonicMs();
  const verified = { resume: false, progress: noProgress, checkpointDir: '', setAside: undefined, notes: [] };
  const trainer = { pid: 0, startTime: '', isAdopted: false };
  const events: SupervisorEvent[] = [
    { at, ...exited },
    { at, type: 'timerFired', attempt: exited.attempt, timer: 'backoff' },
    { at, type: 'checkpointVerified', verified },
    { at, type: 'spawned', attempt: exited.attempt + 1, trainer, bootId: '', output: '' },
  ];
  let state = before;
  for (const event of events) state = reduce(state, event).state;
}

type Unstamped<Type extends SupervisorEvent['type']> = Omit<Extract<SupervisorEvent, { type: Type }>, 'at'>;
