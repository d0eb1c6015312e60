const count = 64;

/** So many MB of float32 state in equal tensors, as entries of a checkpoint. */
export function makeState(megabytes) {
  const length = Math.round((megabytes * 1e6) / 4 / count);
  const base = Float32Array.from({ length }, (_, at) => Math.sin(at));
  return Array.from({ length: count }, (_, index) => {
    const values = base.slice();
    values[0] = index;
    const data = new Uint8Array(values.buffer);
    return [`layer${index}/kernel/.ATTRIBUTES/VARIABLE_VALUE`, { dtype: 'float32', shape: [length], data }];
  });
}
