import { ExitCode } from '../../protocol/index.js';

/** What Ctrl-C and SIGTERM ask for: the first ends the work in order, a second one at once. */
export function listenForStop(onStop: () => void): { readonly signal: AbortSignal; readonly close: () => void } {
  const controller = new AbortController();
  const listen = () => {
    if (controller.signal.aborted) process.exit(ExitCode.stopped);
    onStop();
    controller.abort();
  };
  process.on('SIGINT', listen).on('SIGTERM', listen);
  return { signal: controller.signal, close: () => process.off('SIGINT', listen).off('SIGTERM', listen) };
}
