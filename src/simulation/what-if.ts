import type { Rules } from '../supervisor/rules.js';
import type { Policy } from './scenario.js';

/** A policy with a name, for comparing. */
export interface NamedPolicy {
  readonly name: string;
  readonly policy: Policy;
}

/**
 * The policies that are compared: a loop that restarts whatever ends, and the rules of an experiment without and with
 * checkpoints inside epochs and a warm spare. All but the loop notice hangs.
 */
export function comparedPolicies(rules: Rules): readonly NamedPolicy[] {
  return [
    { name: 'restart loop, epochs', policy: { saving: 'epoch', warmSpare: false, rules: loopRules(rules) } },
    { name: 'epochs', policy: { saving: 'epoch', warmSpare: false, rules } },
    { name: 'auto', policy: { saving: 'auto', warmSpare: false, rules } },
    { name: 'auto, warm spare', policy: { saving: 'auto', warmSpare: true, rules } },
  ];
}

/** A shell's `until` loop: at once, for ever, and blind for hangs. */
function loopRules(rules: Rules): Rules {
  return {
    ...rules,
    initialDelayMs: 0,
    maxDelayMs: 0,
    maxRestarts: Number.POSITIVE_INFINITY,
    maxRestartsWithoutProgress: Number.POSITIVE_INFINITY,
    window: undefined,
    hang: undefined,
  };
}
