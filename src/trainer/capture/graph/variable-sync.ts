import type { TensorInfo, Variable } from '@tensorflow/tfjs-core';
import { nativeBackend } from '../../backends/tensorflow-ops.js';
import type { StepRunner } from '../step-program.js';
import { idOf } from '../variable-values.js';
import type { GraphSession } from './graph-session.js';
import { readAllNode, type TableEntry, type VariableTable } from './variable-table.js';

/** Keeps the training's variables and those of the session in step. */
export interface VariableSync {
  /** Brings the training's variables up to date after steps of the session. */
  readonly settle: () => void;
  /** Says where variables' present values are, without bringing anything up to date. */
  readonly locate: StepRunner<unknown>['locate'];
  /** Brings the session up to date after assignments outside of it, such as a restore; they win over the session's values. */
  readonly push: () => void;
  /** Says that the session has taken a step. */
  readonly noteStep: () => void;
  /** Forgets what the session has: the training's variables hold good. */
  readonly discard: () => void;
  /** Puts another session, or none, in the place of the one before, which is settled first. */
  readonly replace: (open: () => GraphSession | undefined) => GraphSession | undefined;
}

export function createVariableSync(table: VariableTable): VariableSync {
  let session: GraphSession | undefined;
  let isAhead = false;
  /** Handles of the training's variables when both sides last agreed: an assignment gives a variable another one. */
  const agreed = new Map<TensorInfo, number>();
  const note = ({ variable }: TableEntry) => agreed.set(variable, idOf(variable));
  const wasAssigned = ({ variable }: TableEntry) => idOf(variable) !== agreed.get(variable);
  const findStale = () => (isAhead ? table.entries().filter((entry) => entry.isChanged && !wasAssigned(entry)) : []);
  const settle = () => {
    if (!isAhead || session === undefined) return;
    const stale = findStale();
    session.pull(stale.map(({ variable }) => variable as Variable));
    for (const entry of stale) note(entry);
    isAhead = false;
  };
  const discard = () => {
    agreed.clear();
    isAhead = false;
  };
  return {
    settle,
    locate: (variables) => {
      const sources = Int32Array.from(nativeBackend().getInputTensorIds(variables));
      for (const [at, variable] of isAhead ? variables.entries() : []) {
        const entry = table.find(variable);
        // One that was assigned outside has another handle.
        if (entry?.isChanged === true && sources[at] === agreed.get(variable)) sources[at] = -1 - entry.index;
      }
      return { sources, session: session?.id, operation: readAllNode };
    },
    push: () => {
      if (!table.entries().some(wasAssigned)) return;
      settle();
      session?.push();
      for (const entry of table.entries()) note(entry);
    },
    noteStep: () => {
      isAhead = true;
    },
    discard,
    replace: (open) => {
      settle();
      session?.dispose();
      session = undefined;
      discard();
      session = open();
      return session;
    },
  };
}
