/**
 * Hands on the items of a source while up to `depth` more are fetched behind the consumer's back. Leaving the loop early waits
 * for the fetch under way, so that its file can be closed.
 */
export async function* readAhead<Item>(
  source: AsyncGenerator<Item, void, void>,
  depth: number,
): AsyncGenerator<Item, void, void> {
  const coming: Promise<IteratorResult<Item, void>>[] = [];
  const fetchNext = () => {
    const item = source.next();
    // A failure surfaces when the item's turn comes; until then it must not count as unhandled.
    item.catch(() => undefined);
    coming.push(item);
  };
  try {
    for (let ahead = 0; ahead < depth; ahead++) fetchNext();
    for (;;) {
      fetchNext();
      const { value, done } = await (coming.shift() as Promise<IteratorResult<Item, void>>);
      if (done === true) return;
      yield value;
    }
  } finally {
    await Promise.allSettled(coming);
    await source.return();
  }
}
