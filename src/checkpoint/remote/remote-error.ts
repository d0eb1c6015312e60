/** Why a store did not do what it was asked. */
export class RemoteError extends Error {
  override readonly name = 'RemoteError';
  /** Whether the same request may go well later without anybody's doing. */
  readonly isPassing: boolean;
  readonly status: number | undefined;
  /** How long the store itself asks us to wait. */
  readonly retryAfterMs: number | undefined;
  /** What the user can do about it. */
  readonly fix: string | undefined;

  constructor(
    message: string,
    facts: {
      readonly isPassing: boolean;
      readonly status?: number | undefined;
      readonly retryAfterMs?: number | undefined;
      readonly fix?: string | undefined;
      readonly cause?: unknown;
    },
  ) {
    super(message, { cause: facts.cause });
    this.isPassing = facts.isPassing;
    this.status = facts.status;
    this.retryAfterMs = facts.retryAfterMs;
    this.fix = facts.fix;
  }
}
