/** Exit codes of our own commands; `docs/exit-codes.md` explains each, and a test holds the two together. */
export const ExitCode = {
  ok: 0,
  internal: 1,
  notRunning: 3,
  usage: 64,
  data: 65,
  noRun: 66,
  gaveUp: 69,
  cannotCreate: 73,
  stopped: 75,
  config: 78,
  locked: 79,
} as const;

export type ExitCodeName = keyof typeof ExitCode;

/** What can go wrong, by code: each names the exit code that the command ends with. */
export const ERRORS = {
  USAGE: 'usage',
  CONFIG_NOT_FOUND: 'config',
  CONFIG_SYNTAX: 'config',
  CONFIG_INVALID: 'config',
  COMMAND_NOT_FOUND: 'config',
  DATA_MISSING: 'data',
  DATA_CORRUPT: 'data',
  CHECKPOINT_MISSING: 'data',
  CHECKPOINT_CORRUPT: 'data',
  CHECKPOINT_MISMATCH: 'data',
  BACKEND_UNAVAILABLE: 'config',
  NATIVE_BUILD: 'gaveUp',
  RUN_DIRECTORY: 'cannotCreate',
  RUN_NOT_FOUND: 'noRun',
  LOCKED: 'locked',
  GAVE_UP: 'gaveUp',
  REMOTE_STORE: 'gaveUp',
  SERVICE_MANAGER: 'gaveUp',
  INTERNAL: 'internal',
} as const satisfies Record<string, ExitCodeName>;

export type ErrorCode = keyof typeof ERRORS;

/** The parts of a message to a user: what happened, where, what was expected, and what to do about it. */
export interface Problem {
  readonly what: string;
  readonly where?: string;
  readonly expected?: string;
  readonly hint?: string;
}

/** An error meant for the user's eyes: one clear message, a stable code, and the exit code that belongs to it. */
export class SuperviseError extends Error {
  override readonly name = 'SuperviseError';
  readonly code: ErrorCode;
  readonly problem: Problem;

  constructor(code: ErrorCode, problem: Problem, options?: ErrorOptions) {
    super(describeProblem(problem), options);
    this.code = code;
    this.problem = problem;
  }

  get exitCode(): number {
    return ExitCode[ERRORS[this.code]];
  }
}

/** Renders a problem as text: the first line says what and where, the following ones what was expected and what to do. */
export function describeProblem({ what, where, expected, hint }: Problem): string {
  const lines = [where === undefined ? what : `${where}: ${what}`];
  if (expected !== undefined) lines.push(`  expected: ${expected}`);
  if (hint !== undefined) lines.push(`  to fix it: ${hint}`);
  return lines.join('\n');
}

/** The `code` of a Node system error such as `ENOENT`, or undefined for anything else that was thrown. */
export function systemErrorCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
