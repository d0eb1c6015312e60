/** What the outside has asked for since the loop last looked. */
export interface StopSignals {
  /** The signal that asked the trainer to save and exit 75, once one came. */
  readonly stopSignal: () => NodeJS.Signals | undefined;
  /** Whether SIGUSR2 asked for a checkpoint now; asking resets it. */
  readonly takeSaveRequest: () => boolean;
  readonly dispose: () => void;
}

/**
 * Listens from the first moment, so that a signal during start-up or validation counts too. SIGTERM and SIGINT mean: save at
 * the next step boundary and exit 75; SIGUSR2 means: save now and go on. The loop has to yield to the event loop each step.
 */
export function listenForSignals(): StopSignals {
  let stopSignal: NodeJS.Signals | undefined;
  let saveRequested = false;
  const stop = (signal: NodeJS.Signals) => {
    stopSignal ??= signal;
  };
  const save = () => {
    saveRequested = true;
  };
  process.on('SIGTERM', stop).on('SIGINT', stop).on('SIGUSR2', save);
  return {
    stopSignal: () => stopSignal,
    takeSaveRequest: () => {
      const requested = saveRequested;
      saveRequested = false;
      return requested;
    },
    dispose: () => {
      process.off('SIGTERM', stop).off('SIGINT', stop).off('SIGUSR2', save);
    },
  };
}
