/** What is to happen, by time; of things at the same time the one that was added first comes first. */
export interface Queue<Item> {
  readonly add: (at: number, item: Item) => void;
  readonly next: () => { readonly at: number; readonly item: Item } | undefined;
}

/** A binary heap. */
export function createQueue<Item>(): Queue<Item> {
  const heap: Entry<Item>[] = [];
  let added = 0;
  return {
    add: (at, item) => {
      heap.push({ at, order: added++, item });
      siftUp(heap);
    },
    next: () => {
      const [first] = heap;
      const last = heap.pop();
      if (first === undefined || last === undefined) return undefined;
      if (first !== last) {
        heap[0] = last;
        siftDown(heap);
      }
      return first;
    },
  };
}

interface Entry<Item> {
  readonly at: number;
  readonly order: number;
  readonly item: Item;
}

function siftUp<Item>(heap: Entry<Item>[]): void {
  let child = heap.length - 1;
  while (child > 0) {
    const parent = (child - 1) >> 1;
    if (!isBefore(heap, child, parent)) return;
    swap(heap, child, parent);
    child = parent;
  }
}

function siftDown<Item>(heap: Entry<Item>[]): void {
  let parent = 0;
  for (;;) {
    const left = 2 * parent + 1;
    const child = isBefore(heap, left + 1, left) ? left + 1 : left;
    if (!isBefore(heap, child, parent)) return;
    swap(heap, child, parent);
    parent = child;
  }
}

function isBefore<Item>(heap: readonly Entry<Item>[], left: number, right: number): boolean {
  const [first, second] = [heap[left], heap[right]];
  if (first === undefined || second === undefined) return false;
  return first.at < second.at || (first.at === second.at && first.order < second.order);
}

function swap<Item>(heap: Entry<Item>[], left: number, right: number): void {
  const [first, second] = [heap[left], heap[right]];
  if (first === undefined || second === undefined) return;
  heap[left] = second;
  heap[right] = first;
}
