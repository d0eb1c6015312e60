import { stack, type Variable } from '@tensorflow/tfjs-core';
import { scoped } from '../../nn/gradients.js';
import { recordUpdates } from '../../nn/optimizers/fused-update.js';
import { listenToStep, type StepEffect } from '../../nn/step-input.js';
import type { Figures, Replayer } from '../replayer.js';
import { keepValues, registeredVariables } from '../variable-values.js';
import { type Command, encodeCommands, type GpuBuffer } from './command-list.js';
import { type HeldVariables, holdVariables } from './held-variables.js';
import { listCommands } from './list-commands.js';
import { createStepInputs, type StepInputs } from './step-inputs.js';
import { bufferOf, copyWhole, releaseFreeBuffers, type WebgpuInternals, webgpuInternals } from './webgpu-internals.js';

/** A step as commands for the card. */
export interface CommandRecording {
  readonly commands: readonly Command[];
  readonly inputs: StepInputs;
  readonly effects: readonly StepEffect[];
  readonly figures: FigureBuffers;
}

/** Figures of a step: their names, where the commands leave them, and where they are read from. */
interface FigureBuffers {
  readonly names: readonly string[];
  readonly buffer: GpuBuffer;
  readonly staging: GpuBuffer;
}

/** Usages of a buffer that is read from JS: MAP_READ, COPY_DST. */
const stagingUsage = 0x1 | 0x8;
const mapRead = 1;

/**
 * Replays steps on the webgpu backend as the commands that they are made of: which programs run, in which buffers. The code of
 * a step takes longer than a card takes to compute it. Variables stay where they are, and are updated there.
 */
export function createCommandReplayer(): Replayer<CommandRecording> {
  const gpu = webgpuInternals();
  const held = holdVariables(gpu);
  return {
    record: (compute) => recordCommands(gpu, held, compute),
    replay: async ({ commands, inputs, effects, figures }) => {
      held.prepare();
      for (const { run } of effects) run();
      try {
        inputs.write();
      } catch (error) {
        for (const { undo } of effects.toReversed()) undo();
        throw error;
      }
      gpu.endComputePassEncoder();
      gpu.ensureCommandEncoderReady();
      if (gpu.commandEncoder !== null) encodeCommands(gpu.commandEncoder, commands);
      copyWhole(gpu, figures.buffer, figures.staging);
      gpu.submitQueue();
      return await readFigures(figures);
    },
    trim: () => releaseFreeBuffers(gpu),
    forget: () => undefined,
    settle: () => undefined,
    locate: () => {
      throw new Error('tensors have no handles on WebGPU');
    },
    dispose: held.dispose,
  };
}

function recordCommands(
  gpu: WebgpuInternals,
  held: HeldVariables,
  compute: Parameters<Replayer<CommandRecording>['record']>[0],
): CommandRecording {
  const variables = registeredVariables();
  held.hold(variables);
  held.prepare();
  const inputs = createStepInputs(gpu);
  const effects: StepEffect[] = [];
  const onEffect = (effect: StepEffect) => {
    effect.run();
    effects.push(effect);
  };
  const record = () => {
    const taken = listenToStep({ onInput: inputs.add, onEffect }, () =>
      recordUpdates((update, run) => (update.inPlace ?? run)(), compute),
    );
    if (registeredVariables().length !== variables.length) throw new Error('the step makes or frees variables');
    moveBack(gpu, held, variables);
    return { names: Object.keys(taken), buffer: bufferOf(gpu, stack(Object.values(taken))) };
  };
  const { result, commands } = listCommands(gpu, () => {
    const kept = keepValues(variables);
    try {
      return scoped(record);
    } finally {
      kept.assign();
      kept.dispose();
      inputs.release();
      for (const { undo } of effects.toReversed()) undo();
    }
  });
  const staging = gpu.device.createBuffer({ size: result.buffer.size, usage: stagingUsage });
  return { commands, inputs, effects, figures: { ...result, staging } };
}

/** Copies the new values of variables to where they are held, but for those that an update has left there. */
function moveBack(gpu: WebgpuInternals, held: HeldVariables, variables: readonly Variable[]): void {
  for (const variable of variables) {
    const [from, to] = [bufferOf(gpu, variable), held.bufferOf(variable)];
    if (from !== to) copyWhole(gpu, from, to);
  }
}

async function readFigures({ names, staging }: FigureBuffers): Promise<Figures> {
  await staging.mapAsync(mapRead);
  const values = new Float32Array(staging.getMappedRange().slice(0));
  staging.unmap();
  return Object.fromEntries(names.map((name, index) => [name, values[index] as number]));
}
