import { type CommandName, commandSummaries } from '../command-names.js';
import type { Command } from './command.js';
import { runDescribed } from './run-described.js';

/** Loads one command, and nothing of the others. */
export const loadCommand: Readonly<Record<CommandName, () => Promise<Command>>> = {
  start: async () => (await import('./start.js')).start,
  status: async () => (await import('./status.js')).status,
  list: async () => (await import('./list.js')).list,
  logs: async () => (await import('./logs.js')).logs,
  stop: async () => (await import('./stop.js')).stop,
  restart: async () => (await import('./restart.js')).restart,
  check: async () => (await import('./check.js')).check,
  doctor: async () => (await import('./doctor.js')).doctor,
  checkpoint: async () => (await import('./checkpoint.js')).checkpoint,
  'verify-resume': async () => (await import('./verify-resume.js')).verifyResume,
  drill: async () => (await import('./drill.js')).drill,
  chaos: async () => (await import('./chaos.js')).chaos,
  simulate: async () => (await import('./simulate.js')).simulate,
  install: async () => (await import('./install.js')).install,
  uninstall: async () => (await import('./uninstall.js')).uninstall,
};

/** Runs `supervise <name> <argv>`; returns the exit code. */
export async function runCommand(name: CommandName, argv: readonly string[]): Promise<number> {
  return runDescribed(`supervise ${name}`, commandSummaries[name], await loadCommand[name](), argv);
}
