/** Work that nothing waits for. */
export interface Housekeeping {
  /** Does the work a moment later, so that a relaunch comes first. */
  readonly later: (work: () => void) => void;
  /** Does at once what is still to be done. */
  readonly finish: () => void;
}

const delayMs = 10;

/** Keeps the order of the work. `onError` hears of work that throws; the rest goes on. */
export function createHousekeeping(onError: (error: unknown) => void): Housekeeping {
  const waiting: (() => void)[] = [];
  let timer: NodeJS.Timeout | undefined;
  const finish = () => {
    clearTimeout(timer);
    timer = undefined;
    for (const work of waiting.splice(0)) attempt(work, onError);
  };
  return {
    later: (work) => {
      waiting.push(work);
      timer ??= setTimeout(finish, delayMs);
    },
    finish,
  };
}

function attempt(work: () => void, onError: (error: unknown) => void): void {
  try {
    work();
  } catch (error) {
    onError(error);
  }
}
