import type { Replayer } from '../replayer.js';
import { type GraphSession, openGraphSession } from './graph-session.js';
import { type Recording, recordStep } from './record-step.js';
import { createVariableSync } from './variable-sync.js';
import { createVariableTable } from './variable-table.js';

/** Replays steps on the tensorflow backend as graphs of one session, where the variables live meanwhile. */
export function createGraphReplayer(): Replayer<Recording> {
  const table = createVariableTable();
  const sync = createVariableSync(table);
  const recordings = new Set<Recording>();
  let recorded = 0;
  let session: GraphSession | undefined;
  const reopen = () => {
    session = sync.replace(() => (recordings.size === 0 ? undefined : openGraphSession(table, [...recordings])));
  };
  const withdraw = (recording: Recording) => {
    recordings.delete(recording);
    reopen();
  };
  return {
    record: (compute) => {
      sync.settle();
      const recording = recordStep(`step${recorded++}`, table, compute);
      recordings.add(recording);
      try {
        reopen();
      } catch (error) {
        withdraw(recording);
        throw error;
      }
      return recording;
    },
    replay: (recording) => {
      if (session === undefined) throw new Error('there is no session');
      sync.push();
      for (const { run } of recording.effects) run();
      try {
        const figures = session.run(recording);
        sync.noteStep();
        return figures;
      } catch (error) {
        for (const { undo } of recording.effects.toReversed()) undo();
        sync.discard();
        throw error;
      }
    },
    forget: (recording) => {
      recordings.delete(recording);
    },
    settle: sync.settle,
    locate: sync.locate,
    dispose: () => {
      sync.replace(() => undefined);
      session = undefined;
      table.dispose();
    },
  };
}
