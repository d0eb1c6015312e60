/** The part of tfjs' WebGPU backend that starts programs on the card; it is not in its public types. */
export interface DispatchingBackend {
  readonly device: { createBindGroup: (descriptor: BindGroupDescriptor) => object };
  uniformPendingDisposal: object[];
  makeUniforms: (uniforms: readonly Uniform[]) => BufferRange;
  recordAndSubmit: (program: { readonly pipeline: Pipeline }, ...rest: readonly unknown[]) => void;
}

interface Uniform {
  readonly type: string;
  readonly data: readonly number[];
}

interface BufferRange {
  readonly buffer: object;
  readonly offset?: number;
  readonly size?: number;
}

interface BindGroupDescriptor {
  readonly layout: object;
  readonly entries: readonly { readonly binding: number; readonly resource: BufferRange }[];
}

interface Pipeline {
  getBindGroupLayout: (index: number) => object;
}

/** So many different ones a training does not have; what comes after is made anew each time. */
const mostUniforms = 20_000;
const mostBindGroups = 20_000;

/**
 * Makes the start of a program on the card cheaper. A step of a GAN starts thousands, nearly all of them as in the step before:
 * with the same shapes, in buffers that tfjs uses again. What Dawn was told of them once it is not told again: uniforms, the
 * layout of a pipeline's bindings, and the bindings themselves.
 */
export function rememberDispatches(backend: DispatchingBackend): void {
  rememberUniforms(backend);
  rememberLayouts(backend);
  rememberBindGroups(backend.device);
}

/** Uniforms of one content are never written to again, so one buffer serves every program that has them. */
function rememberUniforms(backend: DispatchingBackend): void {
  const known = new Map<string, BufferRange>();
  const make = backend.makeUniforms.bind(backend);
  backend.makeUniforms = (uniforms) => {
    let key = '';
    for (const { type, data } of uniforms) key += `${type}${data.join()};`;
    const before = known.get(key);
    if (before !== undefined) return before;
    const made = make(uniforms);
    if (known.size >= mostUniforms) return made;
    // Else the buffer would be given to others when the commands so far are submitted.
    backend.uniformPendingDisposal = backend.uniformPendingDisposal.filter((buffer) => buffer !== made.buffer);
    known.set(key, made);
    return made;
  };
}

function rememberLayouts(backend: DispatchingBackend): void {
  const seen = new WeakSet<Pipeline>();
  const record = backend.recordAndSubmit.bind(backend);
  backend.recordAndSubmit = (program, ...rest) => {
    const { pipeline } = program;
    if (!seen.has(pipeline)) {
      const layout = pipeline.getBindGroupLayout(0);
      Object.defineProperty(pipeline, 'getBindGroupLayout', { value: () => layout });
      seen.add(pipeline);
    }
    record(program, ...rest);
  };
}

function rememberBindGroups(device: DispatchingBackend['device']): void {
  const numbers = new WeakMap<object, number>();
  let count = 0;
  const numberOf = (object: object) => {
    const number = numbers.get(object);
    if (number !== undefined) return number;
    numbers.set(object, ++count);
    return count;
  };
  let known = new Map<string, object>();
  const create = device.createBindGroup.bind(device);
  const createBindGroup = (descriptor: BindGroupDescriptor) => {
    let key = `${numberOf(descriptor.layout)}`;
    for (const { resource } of descriptor.entries)
      key += resource.buffer === undefined ? '' : ` ${numberOf(resource.buffer)}/${resource.offset}+${resource.size}`;
    const before = known.get(key);
    if (before !== undefined) return before;
    const made = create(descriptor);
    if (known.size >= mostBindGroups) known = new Map();
    known.set(key, made);
    return made;
  };
  Object.defineProperty(device, 'createBindGroup', { value: createBindGroup });
}
