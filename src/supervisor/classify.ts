import type { ExitStatus } from '../protocol/index.js';
import type { ExitEvidence } from './event.js';
import { failureClasses } from './failure-classes.js';
import {
  causeRules,
  consequenceRules,
  contractRules,
  type FailureRule,
  kernelRules,
  killRules,
  remainingRules,
} from './failure-rules.js';
import { judgeLog } from './fatal-lines.js';
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
  const { lines, fatal } = judgeLog(evidence.logTail);
  const facts: Facts = {
    status,
    oomKills: evidence.oomKills ?? 0,
    isDiskFull: evidence.isDiskFull ?? false,
    kernelLines: evidence.kernelLines ?? [],
    hasLines: lines.length > 0,
    linesOf: rememberLines(lines),
  };
  const isFatal = (position: number) => fatal[position] === true;
  const isAny = () => true;
  const killed = findFirst(killRules, facts, isAny);
  // A wrapper such as srun reports the signal of one child; what another one said before it may be the cause.
  const isWrapped = status.signal === null && !(killed !== undefined && isExplained(killed));
  const witnessed = findFirst(kernelRules, facts, isAny);
  const findCause = () => findNearest(causeRules, facts, isFatal);
  const named = isWrapped ? (findCause() ?? killed) : (killed ?? findCause());
  // Of a GPU that is gone, a trainer tells no more than that an operation failed.
  const isBetterKnown = named === undefined || (named.class === 'gpu-fault' && witnessed?.class === 'gpu-lost');
  const verdict =
    findFirst(ownRules, facts, isAny) ??
    findFirst(contractRules, facts, isAny) ??
    (isBetterKnown ? (witnessed ?? named) : named) ??
    findNearest(consequenceRules, facts, isFatal) ??
    findFirst(remainingRules, facts, isFatal) ??
    findNearest([...causeRules, ...consequenceRules], facts, isAny);
  return describeFailure(verdict ?? { class: fallbackOf(status), facts: [], at: [] }, status, lines, evidence);
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
  readonly isDiskFull: boolean;
  readonly kernelLines: readonly string[];
  readonly hasLines: boolean;
  /** Positions of the lines of the log that a rule asks for. */
  readonly linesOf: (rule: FailureRule) => readonly number[];
}

interface Verdict {
  readonly class: Failure['class'];
  readonly facts: readonly string[];
  /** Positions of the lines of the log that led to it. */
  readonly at: readonly number[];
}

type Choose = (position: number) => boolean;

function findFirst(rules: readonly FailureRule[], facts: Facts, isHeard: Choose): Verdict | undefined {
  for (const rule of rules) {
    const verdict = applyRule(rule, facts, isHeard);
    if (verdict !== undefined) return verdict;
  }
  return undefined;
}

/** Of the rules that apply, the one whose last line is nearest to the end; on the same line, the first. */
function findNearest(rules: readonly FailureRule[], facts: Facts, isHeard: Choose): Verdict | undefined {
  if (!facts.hasLines) return undefined;
  let nearest: Verdict | undefined;
  for (const rule of rules) {
    const verdict = applyRule(rule, facts, isHeard);
    if (verdict !== undefined && (verdict.at.at(-1) ?? -1) > (nearest?.at.at(-1) ?? -1)) nearest = verdict;
  }
  return nearest;
}

function applyRule(rule: FailureRule, facts: Facts, isHeard: Choose): Verdict | undefined {
  const { codes, signals, isOomKill } = rule;
  const { status, oomKills } = facts;
  if (rule.log !== undefined && !facts.hasLines) return undefined;
  if (codes !== undefined && (status.code === null || !codes.includes(status.code))) return undefined;
  if (signals !== undefined && !signals.some((signal) => isEndedBy(status, signal))) return undefined;
  if (isOomKill && oomKills <= 0) return undefined;
  if (rule.isDiskFull && !facts.isDiskFull) return undefined;
  const { kernel } = rule;
  if (kernel !== undefined && !facts.kernelLines.some((line) => isMatch(kernel, line))) return undefined;
  const at = rule.log === undefined ? [] : facts.linesOf(rule).filter(isHeard);
  if (rule.log !== undefined && at.length === 0) return undefined;
  return { class: rule.class, facts: isOomKill ? [`the kernel killed ${oomKills} process(es) for memory`] : [], at };
}

/** Matches a rule against every line, once: the patterns are what takes time. */
function rememberLines(lines: readonly string[]): Facts['linesOf'] {
  const known = new Map<FailureRule, readonly number[]>();
  return (rule) => {
    const found = known.get(rule) ?? findLines(rule, lines);
    known.set(rule, found);
    return found;
  };
}

function findLines({ log, near }: FailureRule, lines: readonly string[]): number[] {
  return lines.flatMap((line, position) => {
    if (log === undefined || !isMatch(log, line)) return [];
    const around = lines.slice(Math.max(0, position - linesNear), position + 1);
    return near === undefined || around.some((other) => isMatch(near, other)) ? [position] : [];
  });
}

/** Whether the pattern occurs; flags that make a regular expression remember its place do not matter. */
function isMatch(pattern: RegExp, line: string): boolean {
  pattern.lastIndex = 0;
  return pattern.test(line);
}

/** Whether somebody said why it was killed: whoever killed it, in the log, or the kernel's count. */
function isExplained({ class: name, at, facts }: Verdict): boolean {
  return at.length > 0 || facts.length > 0 || name === 'host-memory';
}

function fallbackOf({ code, signal }: ExitStatus): 'vanished' | 'crash' {
  return code === null && signal === null ? 'vanished' : 'crash';
}

/** The evidence is what the kernel and the driver say and what led to the verdict; where nothing did, the very last lines, marked as no more than that. */
function describeFailure(
  { class: name, facts, at }: Verdict,
  status: ExitStatus,
  lines: readonly string[],
  { kernelLines = [], heldMemory }: ExitEvidence,
): Failure {
  const held = heldMemory === undefined ? [] : [`when it was launched: ${heldMemory}`];
  const told = [...facts, ...held, ...kernelLines.map((line) => `kernel: ${line}`)];
  const witnesses = [
    ...told,
    ...at.map((position) => lines[position] ?? '').slice(-Math.max(1, evidenceLines - told.length)),
  ];
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
