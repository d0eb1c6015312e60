import { setImmediate } from 'node:timers/promises';
import { getBackend } from '@tensorflow/tfjs-core';
import { outOfMemoryLine } from '../backends/out-of-memory.js';
import { createCommandReplayer } from './commands/command-replayer.js';
import { createGraphReplayer } from './graph/graph-replayer.js';
import { createLiveView } from './live-view.js';
import { proveReplay } from './prove-replay.js';
import type { Replayer } from './replayer.js';
import { runEagerly, type StepProgram, type StepRunner } from './step-program.js';

/** Steps of so many structures are recorded; others run operation by operation. */
const mostRecordings = 8;

/** Steps of one structure, and how many of them were replayed. */
interface Captured<Recording> {
  readonly recording: Recording;
  replays: number;
}

/**
 * Runs a step on the tensorflow or webgpu backend without running its code each time: the first step of each structure is
 * recorded, as a graph or as commands for the card, and all steps are replayed. The second replay is compared with the step
 * itself. What cannot be recorded, or comes out differently, runs operation by operation from then on, and `log` is told why.
 */
export function captureStep<Batch extends object>(
  program: StepProgram<Batch>,
  log: (line: string) => void,
): StepRunner<Batch> {
  return getBackend() === 'webgpu'
    ? captureWith(createCommandReplayer(), program, log)
    : captureWith(createGraphReplayer(), program, log);
}

function captureWith<Batch extends object, Recording>(
  replayer: Replayer<Recording>,
  program: StepProgram<Batch>,
  log: (line: string) => void,
): StepRunner<Batch> {
  const eager = runEagerly(program);
  const live = createLiveView<Batch>();
  /** By structure; undefined for one that runs operation by operation. */
  const captured = new Map<string, Captured<Recording> | undefined>();

  const giveUp = (structure: string, reason: string) => {
    captured.set(structure, undefined);
    log(`Steps of the kind ${structure} run operation by operation: ${reason}.`);
  };
  const capture = (structure: string) => {
    if (captured.size >= mostRecordings) return giveUp(structure, `${mostRecordings} kinds are captured already`);
    try {
      captured.set(structure, { recording: replayer.record(() => program.compute(live.view)), replays: 0 });
    } catch (error) {
      throwIfExhausted(error);
      giveUp(structure, reasonOf(error));
    }
  };
  /** Undefined when the backend refuses it after all; nothing has happened then. */
  const replayFirst = async (structure: string, { recording }: Captured<Recording>) => {
    replayer.settle();
    try {
      return await replayer.replay(recording);
    } catch (error) {
      throwIfExhausted(error);
      giveUp(structure, reasonOf(error));
      replayer.forget(recording);
      return undefined;
    }
  };
  const prove = async (structure: string, { recording }: Captured<Recording>, batch: Batch) => {
    const proof = await proveReplay(
      replayer.settle,
      () => replayer.replay(recording),
      () => eager.run(batch),
    );
    if (proof.difference === undefined) replayer.trim?.();
    else {
      giveUp(structure, proof.difference);
      replayer.forget(recording);
    }
    return proof.figures;
  };
  const replay = (structure: string, known: Captured<Recording>, batch: Batch) => {
    known.replays++;
    if (known.replays === 1) return replayFirst(structure, known);
    return known.replays === 2 ? prove(structure, known, batch) : replayer.replay(known.recording);
  };

  return {
    run: async (batch) => {
      live.show(batch);
      const structure = program.structureOf(batch);
      if (!captured.has(structure)) capture(structure);
      // A replay blocks: signals and timers get their turn before it.
      await setImmediate();
      const known = captured.get(structure);
      const figures = known && (await replay(structure, known, batch));
      if (figures !== undefined) return figures;
      replayer.settle();
      return eager.run(batch);
    },
    settle: replayer.settle,
    locate: replayer.locate,
    dispose: replayer.dispose,
  };
}

/** Operation by operation a step needs no less memory: nothing is gained by going on so. */
function throwIfExhausted(error: unknown): void {
  if (outOfMemoryLine(error) !== undefined) throw error;
}

function reasonOf(error: unknown): string {
  return (error as Error).message.trim().split('\n')[0] ?? 'for a reason that is not known';
}
