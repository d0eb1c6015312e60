/**
 * Reads the items `first` … `end` − 1 in order, each while the consumer still works on the one before it. Leaving the loop
 * early waits for the read under way, so that its file can be closed.
 */
export async function* prefetch<Item>(
  read: (index: number) => Promise<Item>,
  first: number,
  end: number,
): AsyncGenerator<Item, void, void> {
  if (first >= end) return;
  let pending = startReading(read, first);
  try {
    for (let index = first; index < end; index++) {
      const item = await pending;
      if (index + 1 < end) pending = startReading(read, index + 1);
      yield item;
    }
  } finally {
    await pending.catch(() => undefined);
  }
}

function startReading<Item>(read: (index: number) => Promise<Item>, index: number): Promise<Item> {
  const pending = read(index);
  // A failure surfaces when the item's turn comes; until then it must not count as unhandled.
  pending.catch(() => undefined);
  return pending;
}
