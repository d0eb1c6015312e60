import type { ExitStatus } from '../protocol/index.js';
import type { ExitEvidence } from './event.js';
import { failureClasses } from './failure-classes.js';
import {
  causeRules,
  consequenceRules,
  contractRules,
  type FailureRule,
  killRules,
  remainingRules,
} from './failure-rules.js';
import { type JudgedLog, judgeLog } from './fatal-lines.js';
import type { Failure } from './state.js';

const evidenceLines = 8;
const lastLines = 3;
/** Lines before an error in which the frames of its traceback are looked for. */
const linesNear = 8;

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

/**
 * Names the failure. The user's own rules come first, then what the exit status means by itself, then kills from outside;
 * then the log: the cause that is named nearest to its end, else a consequence, else how the processes ended. Lines that are
 * warnings, and errors that the trainer survived, are heard last. Total and pure.
 */
export function classify(status: ExitStatus, evidence: ExitEvidence, ownRules: readonly FailureRule[] = []): Failure {
  const log = judgeLog(evidence.logTail);
  const every = { lines: log.lines, fatal: log.lines.map(() => true) };
  const facts = { status, oomKills: evidence.oomKills ?? 0 };
  const verdict =
    findFirst(ownRules, facts, every) ??
    findFirst(contractRules, facts, every) ??
    // A wrapper such as srun reports the signal of one child; what another one said before it may be the cause.
    (status.signal === null && !hasKillerSpoken(facts, every) ? findNearest(causeRules, facts, log) : undefined) ??
    findFirst(killRules, facts, every) ??
    findNearest(causeRules, facts, log) ??
    findNearest(consequenceRules, facts, log) ??
    findFirst(remainingRules, facts, log) ??
    findNearest([...causeRules, ...consequenceRules], facts, every);
  return describeFailure(verdict ?? { class: fallbackOf(status), facts: [], at: [] }, status, log.lines);
}

/** How a process ended, in words: `exit code 1`, `signal SIGSEGV`, `an unknown exit status`. */
export function describeExit({ code, signal }: ExitStatus): string {
  if (signal !== null) return `signal ${signal}`;
  if (code === null) return 'an unknown exit status';
  const shellSignal = code > 128 ? signalByNumber(code - 128) : undefined;
  return shellSignal === undefined ? `exit code ${code}` : `exit code ${code} (${shellSignal} in a child)`;
}

interface Facts {
  readonly status: ExitStatus;
  readonly oomKills: number;
}

interface Verdict {
  readonly class: Failure['class'];
  readonly facts: readonly string[];
  /** Positions of the lines of the log that led to it. */
  readonly at: readonly number[];
}

function findFirst(rules: readonly FailureRule[], facts: Facts, log: JudgedLog): Verdict | undefined {
  for (const rule of rules) {
    const verdict = applyRule(rule, facts, log);
    if (verdict !== undefined) return verdict;
  }
  return undefined;
}

/** Of the rules that apply, the one whose last line is nearest to the end; on the same line, the first. */
function findNearest(rules: readonly FailureRule[], facts: Facts, log: JudgedLog): Verdict | undefined {
  let nearest: Verdict | undefined;
  for (const rule of rules) {
    const verdict = applyRule(rule, facts, log);
    if (verdict !== undefined && (verdict.at.at(-1) ?? -1) > (nearest?.at.at(-1) ?? -1)) nearest = verdict;
  }
  return nearest;
}

function applyRule(rule: FailureRule, { status, oomKills }: Facts, log: JudgedLog): Verdict | undefined {
  const { codes, signals, isOomKill } = rule;
  if (codes !== undefined && (status.code === null || !codes.includes(status.code))) return undefined;
  if (signals !== undefined && !signals.some((signal) => isEndedBy(status, signal))) return undefined;
  if (isOomKill && oomKills <= 0) return undefined;
  const at = rule.log === undefined ? [] : findLines(rule.log, rule.near, log);
  if (rule.log !== undefined && at.length === 0) return undefined;
  return { class: rule.class, facts: isOomKill ? [`the kernel killed ${oomKills} process(es) for memory`] : [], at };
}

function findLines(pattern: RegExp, near: RegExp | undefined, { lines, fatal }: JudgedLog): number[] {
  return lines.flatMap((line, position) => {
    if (!fatal[position] || !isMatch(pattern, line)) return [];
    const around = lines.slice(Math.max(0, position - linesNear), position + 1);
    return near === undefined || around.some((other) => isMatch(near, other)) ? [position] : [];
  });
}

/** Whether the pattern occurs; flags that make a regular expression remember its place do not matter. */
function isMatch(pattern: RegExp, line: string): boolean {
  pattern.lastIndex = 0;
  return pattern.test(line);
}

/** Whether whoever killed it wrote so into the log, or the kernel counted it. */
function hasKillerSpoken(facts: Facts, log: JudgedLog): boolean {
  const verdict = findFirst(killRules, facts, log);
  return verdict !== undefined && (verdict.at.length > 0 || verdict.facts.length > 0);
}

function fallbackOf({ code, signal }: ExitStatus): 'vanished' | 'crash' {
  return code === null && signal === null ? 'vanished' : 'crash';
}

/** The evidence is what led to the verdict; where nothing did, the very last lines, marked as no more than that. */
function describeFailure({ class: name, facts, at }: Verdict, status: ExitStatus, lines: readonly string[]): Failure {
  const witnesses = [...facts, ...at.map((position) => lines[position] ?? '')].slice(-evidenceLines);
  const last = lines.filter((line) => line.trim() !== '').slice(-lastLines);
  return {
    class: name,
    summary: `${failureClasses[name].title} (${describeExit(status)})`,
    evidence: witnesses.length > 0 ? witnesses : last.map((line) => `last output: ${line}`),
  };
}

function isEndedBy({ code, signal }: ExitStatus, wanted: NodeJS.Signals): boolean {
  return signal === wanted || (code !== null && code > 128 && signalNumbers[wanted] === code - 128);
}

function signalByNumber(number: number): string | undefined {
  return Object.entries(signalNumbers).find(([, value]) => value === number)?.[0];
}
