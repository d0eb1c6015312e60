import { setImmediate } from 'node:timers/promises';
import { outOfMemoryLine } from '../backends/out-of-memory.js';
import { type GraphSession, openGraphSession } from './graph-session.js';
import { createLiveView } from './live-view.js';
import { proveReplay } from './prove-replay.js';
import { type Recording, recordStep } from './record-step.js';
import { runEagerly, type StepProgram, type StepRunner } from './step-program.js';
import { createVariableSync } from './variable-sync.js';
import { createVariableTable } from './variable-table.js';

/** Steps of so many structures are recorded; others run operation by operation. */
const mostRecordings = 8;

/** Steps of one structure, and how many of them were replayed. */
interface Captured {
  readonly recording: Recording;
  replays: number;
}

/**
 * Runs a step on the tensorflow backend as a graph: the first step of each structure is recorded, and all steps are replayed in
 * one session, where the variables live meanwhile. The second replay is compared with the step itself. What cannot be recorded,
 * or comes out differently, runs operation by operation from then on, and `log` is told why.
 */
export function captureStep<Batch extends object>(
  program: StepProgram<Batch>,
  log: (line: string) => void,
): StepRunner<Batch> {
  const table = createVariableTable();
  const sync = createVariableSync(table);
  const eager = runEagerly(program);
  const live = createLiveView<Batch>();
  /** By structure; undefined for one that runs operation by operation. */
  const captured = new Map<string, Captured | undefined>();
  let session: GraphSession | undefined;

  const reopen = () => {
    const recordings = [...captured.values()].flatMap((known) => (known === undefined ? [] : [known.recording]));
    session = sync.replace(() => (recordings.length === 0 ? undefined : openGraphSession(table, recordings)));
  };
  const giveUp = (structure: string, reason: string) => {
    captured.set(structure, undefined);
    log(`Steps of the kind ${structure} run operation by operation: ${reason}.`);
  };
  const capture = (structure: string) => {
    if (captured.size >= mostRecordings) return giveUp(structure, `${mostRecordings} kinds are captured already`);
    sync.settle();
    try {
      const recording = recordStep(`step${captured.size}`, table, () => program.compute(live.view));
      captured.set(structure, { recording, replays: 0 });
      reopen();
    } catch (error) {
      throwIfExhausted(error);
      giveUp(structure, reasonOf(error));
      if (session !== undefined) reopen();
    }
  };
  const replay = (open: GraphSession, { recording }: Captured) => {
    sync.push();
    for (const { run } of recording.effects) run();
    const figures = open.run(recording);
    sync.noteStep();
    return figures;
  };
  /** Undefined when TensorFlow refuses the graph after all; nothing has happened then. */
  const replayFirst = (open: GraphSession, structure: string, known: Captured) => {
    sync.settle();
    try {
      return replay(open, known);
    } catch (error) {
      for (const { undo } of known.recording.effects.toReversed()) undo();
      sync.discard();
      throwIfExhausted(error);
      giveUp(structure, reasonOf(error));
      return undefined;
    }
  };
  const prove = async (open: GraphSession, structure: string, known: Captured, batch: Batch) => {
    const proof = await proveReplay(
      sync,
      () => replay(open, known),
      () => eager.run(batch),
    );
    if (proof.difference !== undefined) giveUp(structure, proof.difference);
    return proof.figures;
  };

  return {
    run: async (batch) => {
      live.show(batch);
      const structure = program.structureOf(batch);
      if (!captured.has(structure)) capture(structure);
      // A replay blocks: signals and timers get their turn before it.
      await setImmediate();
      const known = captured.get(structure);
      if (known !== undefined && session !== undefined) {
        known.replays++;
        if (known.replays === 2) return prove(session, structure, known, batch);
        const figures = known.replays === 1 ? replayFirst(session, structure, known) : replay(session, known);
        if (figures !== undefined) return figures;
      }
      sync.settle();
      return eager.run(batch);
    },
    settle: sync.settle,
    withHandles: sync.withHandles,
    dispose: () => {
      sync.replace(() => undefined);
      session = undefined;
      table.dispose();
    },
  };
}

/** Operation by operation a step needs no less memory: nothing is gained by going on so. */
function throwIfExhausted(error: unknown): void {
  if (outOfMemoryLine(error) !== undefined) throw error;
}

function reasonOf(error: unknown): string {
  return (error as Error).message.trim().split('\n')[0] ?? 'for a reason that is not known';
}
