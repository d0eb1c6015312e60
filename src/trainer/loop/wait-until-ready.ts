const pollMs = 1;

/** Waits until `ready` is 1: a thread that is none of Node's makes it so, and wakes nobody. */
export function waitUntilReady(ready: Int32Array | undefined): void {
  while (ready !== undefined && Atomics.load(ready, 0) === 0) Atomics.wait(ready, 0, 0, pollMs);
}
