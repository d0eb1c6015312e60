/** Where the tiles of one axis start, and how each of their pixels counts where tiles overlap. */
export interface AxisTiles {
  readonly starts: readonly number[];
  /** Weight of each pixel of a tile, rising from its edges over the overlap (raised cosine); never 0. */
  readonly weights: Float32Array;
}

/**
 * Lays tiles of `tile` pixels over an axis of `length`, as many as needed and evenly spread, so that neighbours share `overlap`
 * pixels or more. An axis shorter than a tile has one, which reaches beyond its end.
 */
export function layTiles(length: number, tile: number, overlap: number): AxisTiles {
  const rest = Math.max(0, length - tile);
  const count = Math.ceil(rest / (tile - overlap)) + 1;
  const starts = Array.from({ length: count }, (_, index) =>
    count === 1 ? 0 : Math.round((index * rest) / (count - 1)),
  );
  return { starts, weights: rampWeights(tile, overlap) };
}

function rampWeights(tile: number, overlap: number): Float32Array {
  return Float32Array.from({ length: tile }, (_, at) => {
    const fromEdge = Math.min(at, tile - 1 - at) + 0.5;
    return overlap === 0 || fromEdge >= overlap ? 1 : 0.5 * (1 - Math.cos((Math.PI * fromEdge) / overlap));
  });
}
