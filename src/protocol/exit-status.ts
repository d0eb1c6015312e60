/** How a trainer ends, as exit codes (BSD sysexits where one fits). Anything else, and any signal, is a crash. */
export const TrainerExit = {
  /** The epoch count is reached, or `epoch_info.json` says `early_stopped`; without either it is premature. */
  finished: 0,
  /** Wrong flags (EX_USAGE): never retried. */
  usage: 64,
  /** "Saved, relaunch me" (EX_TEMPFAIL): the answer to SIGTERM. */
  savedRelaunchMe: 75,
  /** Wrong configuration (EX_CONFIG): never retried. */
  config: 78,
} as const;

/** How a process ended: exactly one of the two is set, as Node's `exit` event reports it. */
export interface ExitStatus {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}
