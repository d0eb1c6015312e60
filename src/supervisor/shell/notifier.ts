import type { Experiment } from '../../config/index.js';
import { type JournalEntry, journalLevel, type RunStatus } from '../../protocol/index.js';
import type { Logger } from './supervisor-log.js';

/** Tells others how the run goes. What cannot be delivered is logged, and never touches the run. */
export interface Notifier {
  readonly onEntry: (entry: JournalEntry, status: RunStatus | undefined) => void;
  /** Waits, for a bounded time, until everything is delivered. */
  readonly close: () => Promise<void>;
}

const deliveryTimeoutMs = 10_000;

/** The events that are worth waking somebody for, with what is said of them. */
function describeEvent(entry: JournalEntry, name: string): string | undefined {
  switch (entry.event) {
    case 'completed':
      return `${name} is complete: ${entry.epochs_completed} of ${entry.epochs_total} epochs`;
    case 'gave_up':
      return `${name} was given up after ${entry.epochs_completed} of ${entry.epochs_total} epochs: ${entry.explanation}`;
    case 'hang_detected':
      return `${name} hangs in attempt ${entry.attempt}: no sign of work for ${Math.round(entry.silent_ms / 1000)} s`;
    default:
      return undefined;
  }
}

export function createNotifier({ experiment_name: name, notify }: Experiment, logger: Logger): Notifier {
  const underWay = new Set<Promise<unknown>>();
  const deliver = (what: string, delivery: Promise<unknown>) => {
    const tracked = delivery
      .catch((error: unknown) => logger.warn({ err: error }, `notify: ${what} failed`))
      .finally(() => underWay.delete(tracked));
    underWay.add(tracked);
  };
  const ping = (suffix = '') => {
    if (notify.ping_url !== undefined) deliver('ping', request(`${notify.ping_url}${suffix}`, { method: 'GET' }));
  };
  const timer = notify.ping_url === undefined ? undefined : setInterval(ping, Math.max(1000, notify.ping_interval_ms));
  ping();
  return {
    onEntry: (entry, status) => {
      const text = describeEvent(entry, name);
      if (text === undefined) return;
      if (entry.event === 'gave_up') ping('/fail');
      const content = { event: entry.event, level: journalLevel(entry), experiment_name: name, text, entry, status };
      const body = JSON.stringify(content);
      const headers = { 'content-type': 'application/json' };
      if (notify.webhook_url !== undefined)
        deliver('webhook', request(notify.webhook_url, { method: 'POST', headers, body }));
      if (notify.command !== undefined) deliver('command', runCommand(notify.command, body));
    },
    close: async () => {
      clearInterval(timer);
      await Promise.all(underWay);
    },
  };
}

async function request(url: string, init: RequestInit): Promise<void> {
  const response = await fetch(url, { ...init, signal: AbortSignal.timeout(deliveryTimeoutMs) });
  await response.body?.cancel();
  if (!response.ok) throw new Error(`${new URL(url).host} answers ${response.status}`);
}

async function runCommand([program = '', ...args]: readonly string[], input: string): Promise<void> {
  const { execa } = await import('execa');
  await execa(program, args, { input, timeout: deliveryTimeoutMs, stdout: 'ignore', stderr: 'ignore' });
}
