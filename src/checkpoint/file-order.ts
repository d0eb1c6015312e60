/** Where a tensor's bytes are; nothing of what comes from no file. */
export interface FilePlace {
  readonly shard?: number;
  readonly offset?: number;
}

/**
 * Names as their tensors' bytes follow each other in the data files. The index has them by name, and the kernel reads ahead of
 * whoever reads in order: each leap costs what it has read in vain. What has no place comes first.
 */
export function inOrderOfFiles(
  names: Iterable<string>,
  places: { get(name: string): FilePlace | undefined },
): readonly string[] {
  const placed = Array.from(names, (name) => {
    const { shard = 0, offset = 0 } = places.get(name) ?? {};
    return { name, shard, offset };
  });
  placed.sort((left, right) => left.shard - right.shard || left.offset - right.offset);
  return placed.map(({ name }) => name);
}
