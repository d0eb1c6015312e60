/** The commands of `supervise` besides the plain form, with what each does. Loaded at every start, so it imports nothing. */
export const commandSummaries = {
  start: 'Start or continue a run, as without a command; --detach leaves it in the background',
  status: 'Where a run stands, and whether its supervisor lives',
  list: 'All runs below ./runs, one line each',
  logs: "The trainer's output; -f follows it across restarts",
  stop: 'Let the trainer save, and end the run',
  restart: 'Stop a run and start it again in the background',
  check: 'Check disk, GPU, command, data and more before the night; starts nothing',
  doctor: 'Which backends work here, which one is taken, and what would make it faster; --fix builds it',
  checkpoint: 'List, show, verify, compare and convert checkpoints',
  'verify-resume': 'Kill a scratch copy of a run and resume it: does it end where an unbroken one does?',
  drill: 'Kill a scratch copy of a run once, and see it come back: how long it takes, and what is lost',
  chaos: 'Train scratch copies of a run under a seeded schedule of faults, and report what came of each',
  simulate: 'Predict the goodput of an experiment on machines that fail',
  install: 'Start a run whenever the machine starts (systemd or launchd)',
  uninstall: 'Take that back',
} as const;

export type CommandName = keyof typeof commandSummaries;

/** A command's name wins over a file of the same name. */
export function isCommandName(word: string | undefined): word is CommandName {
  return word !== undefined && Object.hasOwn(commandSummaries, word);
}
