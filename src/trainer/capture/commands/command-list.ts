/** The part of WebGPU's device that takes commands. */
export interface CommandDevice {
  readonly queue: CommandQueue;
  createCommandEncoder: () => CommandEncoder;
  readonly createBuffer: (descriptor: BufferDescriptor) => GpuBuffer;
}

export interface CommandQueue {
  readonly submit: (commands: readonly object[]) => void;
  readonly writeBuffer: (buffer: GpuBuffer, offset: number, data: ArrayBufferView) => void;
}

export interface CommandEncoder {
  readonly beginComputePass: () => ComputePass;
  readonly copyBufferToBuffer: (from: GpuBuffer, fromAt: number, to: GpuBuffer, toAt: number, bytes: number) => void;
  readonly finish: () => object;
}

export interface ComputePass {
  readonly setPipeline: (pipeline: object) => void;
  readonly setBindGroup: (index: number, group: object) => void;
  readonly dispatchWorkgroups: (x: number, y?: number, z?: number) => void;
  readonly end: () => void;
}

export interface BufferDescriptor {
  readonly size: number;
  readonly usage: number;
  readonly mappedAtCreation?: boolean;
}

export interface GpuBuffer {
  readonly size: number;
  readonly mapAsync: (mode: number) => Promise<void>;
  readonly getMappedRange: () => ArrayBuffer;
  readonly unmap: () => void;
  readonly destroy: () => void;
}

/** A program's start, or a copy from a buffer to another. */
export type Command = Dispatch | Copy;

export interface Dispatch {
  readonly pipeline: object;
  readonly bindGroup: object;
  readonly workgroups: readonly [number, number, number];
}

export interface Copy {
  readonly from: GpuBuffer;
  readonly fromAt: number;
  readonly to: GpuBuffer;
  readonly toAt: number;
  readonly bytes: number;
}

/** An encoder that takes commands down instead of giving them to the card. */
export function createListingEncoder(commands: Command[]): CommandEncoder {
  return {
    beginComputePass: () => createListingPass(commands),
    copyBufferToBuffer: (from, fromAt, to, toAt, bytes) => commands.push({ from, fromAt, to, toAt, bytes }),
    finish: () => ({}),
  };
}

function createListingPass(commands: Command[]): ComputePass {
  let pipeline: object = {};
  let bindGroup: object = {};
  return {
    setPipeline: (next) => {
      pipeline = next;
    },
    setBindGroup: (_, next) => {
      bindGroup = next;
    },
    dispatchWorkgroups: (x, y = 1, z = 1) => commands.push({ pipeline, bindGroup, workgroups: [x, y, z] }),
    end: () => undefined,
  };
}

/** Gives commands to an encoder, those between two copies as one pass. */
export function encodeCommands(encoder: CommandEncoder, commands: readonly Command[]): void {
  let pass: ComputePass | undefined;
  let pipeline: object | undefined;
  for (const command of commands) {
    if ('from' in command) {
      pass?.end();
      pass = undefined;
      encoder.copyBufferToBuffer(command.from, command.fromAt, command.to, command.toAt, command.bytes);
      continue;
    }
    if (pass === undefined) {
      pass = encoder.beginComputePass();
      pipeline = undefined;
    }
    if (command.pipeline !== pipeline) pass.setPipeline(command.pipeline);
    pipeline = command.pipeline;
    pass.setBindGroup(0, command.bindGroup);
    pass.dispatchWorkgroups(...command.workgroups);
  }
  pass?.end();
}
