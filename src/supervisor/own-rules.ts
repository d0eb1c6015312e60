import type { Experiment } from '../config/index.js';
import type { FailureRule } from './failure-rules.js';

/** The rules of the experiment file, as the classification takes them. The patterns were checked with the file. */
export function toFailureRules(rules: Experiment['failure_rules']): FailureRule[] {
  return rules.map(({ pattern, flags, class: name, codes, signals }) => ({
    class: name,
    ...(pattern === undefined ? {} : { log: new RegExp(pattern, flags) }),
    ...(codes === undefined ? {} : { codes }),
    ...(signals === undefined ? {} : { signals: signals as NodeJS.Signals[] }),
  }));
}
