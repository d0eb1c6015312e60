/** Signals that ask the supervisor to stop. A second one does not wait for the trainer any longer. */
const stopSignals = ['SIGINT', 'SIGTERM', 'SIGQUIT'] as const;

const names: Record<(typeof stopSignals)[number], string> = {
  SIGINT: 'Ctrl-C (SIGINT)',
  SIGTERM: 'SIGTERM',
  SIGQUIT: 'SIGQUIT',
};

/**
 * Listens to signals until the returned function is called. SIGHUP is noted and otherwise ignored: a closed terminal is no
 * reason to end a run.
 */
export function listenToSignals(onStop: (reason: string) => void, onHangup: () => void): () => void {
  const listeners = stopSignals.map((signal) => [signal, () => onStop(names[signal])] as const);
  for (const [signal, listener] of listeners) process.on(signal, listener);
  process.on('SIGHUP', onHangup);
  return () => {
    for (const [signal, listener] of listeners) process.off(signal, listener);
    process.off('SIGHUP', onHangup);
  };
}
