import type { ExitStatus } from '../protocol/index.js';
import type { ExitEvidence } from './event.js';
import { failureClasses } from './failure-classes.js';
import { builtInRules, type FailureRule } from './failure-rules.js';
import type { Failure } from './state.js';

const evidenceLines = 8;
const longestLine = 500;

/** Signal numbers that Linux, macOS and the BSDs agree on, and Linux's own for the rest. */
const signalNumbers: Partial<Record<NodeJS.Signals, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGILL: 4,
  SIGTRAP: 5,
  SIGABRT: 6,
  SIGBUS: 7,
  SIGFPE: 8,
  SIGKILL: 9,
  SIGUSR1: 10,
  SIGSEGV: 11,
  SIGUSR2: 12,
  SIGPIPE: 13,
  SIGALRM: 14,
  SIGTERM: 15,
  SIGXCPU: 24,
  SIGXFSZ: 25,
  SIGSYS: 31,
};

/** Names the failure by the first rule that applies; the user's own rules come first. Total and pure. */
export function classify(status: ExitStatus, evidence: ExitEvidence, ownRules: readonly FailureRule[] = []): Failure {
  for (const rule of [...ownRules, ...builtInRules]) {
    const matched = matchRule(rule, status, evidence);
    if (matched !== undefined) return describeFailure(rule.class, status, matched, evidence);
  }
  const fallback = status.code === null && status.signal === null ? 'vanished' : 'crash';
  return describeFailure(fallback, status, [], evidence);
}

/** How a process ended, in words: `exit code 1`, `signal SIGSEGV`, `an unknown exit status`. */
export function describeExit({ code, signal }: ExitStatus): string {
  if (signal !== null) return `signal ${signal}`;
  if (code === null) return 'an unknown exit status';
  const shellSignal = code > 128 ? signalByNumber(code - 128) : undefined;
  return shellSignal === undefined ? `exit code ${code}` : `exit code ${code} (${shellSignal} in a child)`;
}

/** The evidence that makes the rule apply (lines of the log; empty when none was needed), or undefined. */
function matchRule(rule: FailureRule, status: ExitStatus, evidence: ExitEvidence): string[] | undefined {
  const { codes, signals, log, isOomKill } = rule;
  if (codes !== undefined && (status.code === null || !codes.includes(status.code))) return undefined;
  if (signals !== undefined && !signals.some((signal) => isEndedBy(status, signal))) return undefined;
  if (isOomKill && !((evidence.oomKills ?? 0) > 0)) return undefined;
  const facts = isOomKill ? [`the kernel killed ${evidence.oomKills} process(es) for memory`] : [];
  if (log === undefined) return facts;
  const lines = evidence.logTail.filter((line) => log.test(line.slice(0, longestLine)));
  return lines.length === 0 ? undefined : [...facts, ...lines];
}

function describeFailure(
  name: Failure['class'],
  status: ExitStatus,
  matched: readonly string[],
  { logTail }: ExitEvidence,
): Failure {
  const lines = matched.length > 0 ? matched : logTail.filter((line) => line.trim() !== '');
  return {
    class: name,
    summary: `${failureClasses[name].title} (${describeExit(status)})`,
    evidence: lines.slice(-evidenceLines).map((line) => line.slice(0, longestLine)),
  };
}

function isEndedBy({ code, signal }: ExitStatus, wanted: NodeJS.Signals): boolean {
  return signal === wanted || (code !== null && code > 128 && signalNumbers[wanted] === code - 128);
}

function signalByNumber(number: number): string | undefined {
  return Object.entries(signalNumbers).find(([, value]) => value === number)?.[0];
}
