/** Signals that ask the supervisor to stop. A second one does not wait for the trainer any longer. */
const stopSignals = ['SIGINT', 'SIGTERM', 'SIGQUIT'] as const;

const names: Record<(typeof stopSignals)[number], string> = {
  SIGINT: 'Ctrl-C (SIGINT)',
  SIGTERM: 'SIGTERM',
  SIGQUIT: 'SIGQUIT',
};

/**
 * Listens to signals until the returned function is called. SIGHUP is noted and otherwise ignored: a closed terminal is no
 * reason to end a run. A broken output pipe is none either.
 */
export function listenToSignals(onStop: (reason: string) => void, onHangup: () => void): () => void {
  const listeners = stopSignals.map((signal) => [signal, () => onStop(names[signal])] as const);
  const swallow = () => undefined;
  for (const [signal, listener] of listeners) process.on(signal, listener);
  process.on('SIGHUP', onHangup);
  process.stdout.on('error', swallow);
  process.stderr.on('error', swallow);
  return () => {
    for (const [signal, listener] of listeners) process.off(signal, listener);
    process.off('SIGHUP', onHangup);
    process.stdout.off('error', swallow);
    process.stderr.off('error', swallow);
  };
}
