import type { DescribedCommand } from '../commands/command.js';
import { runDescribed } from '../commands/run-described.js';
import { type TrainerCommandName, trainerSummaries } from './command-names.js';

/** Loads one command of `supervise-train`, and nothing of the others. */
export const loadTrainerCommand: Readonly<Record<TrainerCommandName, () => Promise<DescribedCommand>>> = {
  evaluate: async () => (await import('./evaluate.js')).evaluate,
  restore: async () => (await import('./restore.js')).restore,
  dataset: async () => (await import('./dataset.js')).dataset,
  recognizer: async () => (await import('./recognizer.js')).recognizer,
};

/** Runs `supervise-train <name> <argv>`; returns the exit code. Flags may be spelt with underscores, as the trainer's are. */
export async function runTrainerCommand(name: TrainerCommandName, argv: readonly string[]): Promise<number> {
  const command = await loadTrainerCommand[name]();
  return runDescribed(`supervise-train ${name}`, trainerSummaries[name], command, argv.map(withDashes));
}

function withDashes(argument: string): string {
  return argument.replace(/^--[a-z_]+(?==|$)/, (flag) => flag.replaceAll('_', '-'));
}
