import type { BackendName } from '../backend.js';
import { probeBackend } from '../probe-backend.js';
import type { OpResult } from './check-op.js';

/** The suite's results on one backend. */
export interface SuiteOfBackend {
  readonly name: BackendName;
  readonly device: string;
  readonly results: readonly OpVerdict[];
}

/** A result, and whether it is right. */
export interface OpVerdict extends OpResult {
  /** Difference of the value from that of plain JS, relative to the larger of 1 and the value. */
  readonly valueError: number;
  readonly isRight: boolean;
}

/** How far a value may be from that of plain JS, and a derivative from the numeric one. */
export const valueTolerance = 1e-3;
export const gradientTolerance = 0.01;

const all: readonly BackendName[] = ['cpu', 'wasm', 'tensorflow', 'webgpu'];

/** Runs the suite on every backend that works here, plain JS first: its values are what the others' are compared with. */
export async function compareBackends(
  samples: number,
  log: (line: string) => void,
): Promise<{ suites: SuiteOfBackend[]; absent: { name: BackendName; reason: string }[] }> {
  const suites: SuiteOfBackend[] = [];
  const absent: { name: BackendName; reason: string }[] = [];
  const expected = new Map<string, number>();
  for (const name of all) {
    log(`${name} …`);
    // WebGPU is the slowest by far where a program imitates the card, as in CI.
    const probed = await probeBackend(name, { samples: name === 'webgpu' ? 1 : samples });
    if (!probed.works) {
      absent.push({ name, reason: probed.reason });
      continue;
    }
    if (name === 'cpu') for (const { name: op, value } of probed.ops) expected.set(op, value);
    suites.push({ name, device: probed.device, results: probed.ops.map((result) => judge(result, expected)) });
  }
  return { suites, absent };
}

function judge(result: OpResult, expected: ReadonlyMap<string, number>): OpVerdict {
  const reference = expected.get(result.name) ?? Number.NaN;
  const valueError = Math.abs(result.value - reference) / Math.max(1, Math.abs(reference));
  const isRight =
    result.failure === undefined && valueError < valueTolerance && result.gradientError < gradientTolerance;
  return { ...result, valueError, isRight };
}
