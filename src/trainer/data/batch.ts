/** Lines read together. Images are float32 in [0, 1], paper 1 and ink 0, laid out N × height × width × 1. */
export interface Batch {
  readonly size: number;
  readonly degraded: Float32Array;
  readonly clean: Float32Array;
  /** Character indices of each line, from 0, without padding. */
  readonly labels: readonly Int32Array[];
  readonly texts: readonly string[];
}

/** Lines that can be read in any order. */
export interface LineDataset {
  readonly size: number;
  /** Pixels of every line. */
  readonly width: number;
  readonly height: number;
  /**
   * Reads the lines with these indices, in this order; an index may come twice.
   * @throws DATA_CORRUPT naming file, record and byte offset
   */
  readonly read: (indices: Iterable<number>) => Promise<Batch>;
}

/** One line before batching: images of height × width, row by row. */
export interface Line {
  readonly degraded: Float32Array;
  readonly clean: Float32Array;
  readonly labels: Int32Array;
}

/** Puts lines of one size together. */
export function toBatch(lines: readonly Line[], decode: (labels: Int32Array) => string): Batch {
  return {
    size: lines.length,
    degraded: concatenate(lines.map((line) => line.degraded)),
    clean: concatenate(lines.map((line) => line.clean)),
    labels: lines.map((line) => line.labels),
    texts: lines.map((line) => decode(line.labels)),
  };
}

function concatenate(parts: readonly Float32Array[]): Float32Array {
  const whole = new Float32Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
