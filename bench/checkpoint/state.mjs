const count = 64;

/** Names and shapes of so many MB of float32 state in equal tensors. */
export function describeState(megabytes) {
  const length = Math.round((megabytes * 1e6) / 4 / count);
  return Array.from({ length: count }, (_, index) => [
    `layer${index}/kernel/.ATTRIBUTES/VARIABLE_VALUE`,
    { dtype: 'float32', shape: [length] },
  ]);
}

/** The same with its values, as entries of a checkpoint. */
export function makeState(megabytes) {
  const described = describeState(megabytes);
  const [[, { shape }]] = described;
  const base = Float32Array.from({ length: shape[0] }, (_, at) => Math.sin(at));
  return described.map(([name, entry], index) => {
    const values = base.slice();
    values[0] = index;
    return [name, { ...entry, data: new Uint8Array(values.buffer) }];
  });
}
