/** The training has diverged: a loss is NaN or infinite. Nothing of that step is saved. */
export class DivergedError extends Error {
  override readonly name = 'DivergedError';

  /** `step` counts from 0. */
  constructor(
    what: string,
    readonly epoch: number,
    readonly step: number,
  ) {
    super(`${what} at epoch ${epoch}, step ${step + 1}`);
  }
}
