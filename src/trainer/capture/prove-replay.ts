import type { Tensor, Variable } from '@tensorflow/tfjs-core';
import { addN, cast, sqrt, square, sub, sum, tidy } from '@tensorflow/tfjs-core';
import { listenToStep } from '../nn/step-input.js';
import type { Figures } from './replayer.js';
import { keepValues, registeredVariables } from './variable-values.js';

type Values = ReadonlyMap<Variable, Tensor>;

/** The figures of a step, and how its replay differed from it, if it did. */
export interface Proof {
  readonly figures: Figures;
  readonly difference: string | undefined;
}

/** A replay adds up in another order, no more; but Adam turns noise around 0 into whole steps. */
const figureTolerance = 1e-3;
const changeTolerance = 0.25;

/**
 * Takes a step both ways from the same variables, and compares figures and changes: this finds what a recording has taken for
 * a constant. `settle` brings the variables up to date. They are afterwards those of the replay, or those of the step itself
 * when the two differ.
 */
export async function proveReplay(
  settle: () => void,
  replay: () => Promise<Figures> | Figures,
  runEagerly: () => Promise<Figures>,
): Promise<Proof> {
  settle();
  const variables = registeredVariables();
  const before = keepValues(variables);
  const figures = await replay();
  settle();
  const replayed = keepValues(variables);
  before.assign();
  // The replay has counted the step already.
  const expected = await listenToStep({ onInput: () => undefined, onEffect: () => undefined }, runEagerly);
  const eager = keepValues(variables);
  const difference =
    compareFigures(figures, expected) ?? (await compareChanges(before.values, eager.values, replayed.values));
  (difference === undefined ? replayed : eager).assign();
  for (const { dispose } of [before, replayed, eager]) dispose();
  return { figures: difference === undefined ? figures : expected, difference };
}

function compareFigures(actual: Figures, expected: Figures): string | undefined {
  const bad = Object.entries(expected).find(([name, value]) => {
    const error = Math.abs((actual[name] ?? Number.NaN) - value);
    return Number.isFinite(value) && !(error <= figureTolerance * Math.max(1, Math.abs(value)));
  });
  return bad && `${bad[0]} is ${actual[bad[0]]} in a replay and ${bad[1]} in the step itself`;
}

async function compareChanges(before: Values, expected: Values, actual: Values): Promise<string | undefined> {
  const change = await distance(before, expected);
  const error = await distance(actual, expected);
  if (!Number.isFinite(change) || error <= changeTolerance * change) return undefined;
  return `the variables move by ${change} in the step itself, and ${error} elsewhere in a replay`;
}

async function distance(from: Values, to: Values): Promise<number> {
  const root = tidy(() => {
    const squares = [...to].map(([variable, value]) =>
      sum(square(cast(sub(value, from.get(variable) as Tensor), 'float32'))),
    );
    return sqrt(addN(squares));
  });
  const [value] = await root.data();
  root.dispose();
  return value as number;
}
