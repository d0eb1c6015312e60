// Types for the tests.
export interface DiaryStep {
  readonly epoch: number;
  readonly step: number;
  readonly at_ms: number;
  readonly step_ms: number;
  readonly pid: number;
}

export interface Account {
  readonly goodput: number;
  readonly ettr: number;
  readonly useful_ms: number;
  readonly lost_ms: number;
  readonly down_ms: number;
  readonly mttr_ms: readonly number[];
  readonly relaunches: number;
  readonly faults: number;
  readonly ended: number;
}

export function account(
  diary: readonly (DiaryStep | undefined)[],
  faults: readonly { readonly at_ms: number }[],
  windowMs: number,
): Account;
