import { describe, expect, it } from 'vitest';
import { type ExitStatus, failureClassNames } from '../../src/protocol/index.js';
import { classify } from '../../src/supervisor/classify.js';
import type { FailureRule } from '../../src/supervisor/failure-rules.js';
import { causeRules, consequenceRules, killRules, remainingRules } from '../../src/supervisor/failure-rules.js';
import { toFailureRules } from '../../src/supervisor/own-rules.js';
import { startCpuTime } from '../cpu-time.js';
import { fc } from '../fast-check.js';

const exit = (code: number): ExitStatus => ({ code, signal: null });
const by = (signal: NodeJS.Signals): ExitStatus => ({ code: null, signal });
const nameOf = (status: ExitStatus, log: readonly string[], oomKills?: number) =>
  classify(status, { logTail: log, oomKills }).class;

const outOfGpu = 'torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 20.00 MiB';
const missing = "FileNotFoundError: [Errno 2] No such file or directory: 'train.json'";
const timeout = '[E ProcessGroupNCCL.cpp:737] [Rank 1] Watchdog caught collective operation timeout: WorkNCCL';

it('a rule of the user’s may go by exit code or signal alone, and comes before what the code means by itself', () => {
  const own = toFailureRules([
    { codes: [42, 75], class: 'usage', flags: '' },
    { signals: ['SIGUSR1'], class: 'preempted', flags: '' },
  ]);
  const classOf = (status: ExitStatus) => classify(status, { logTail: [outOfGpu], oomKills: 0 }, own).class;
  expect([exit(42), exit(75), by('SIGUSR1'), exit(41)].map(classOf)).toEqual([
    ...['usage', 'usage', 'preempted', 'gpu-memory'],
  ]);
});

describe('which line of the log decides', () => {
  it.each<[string, string[], string]>([
    ['the cause nearest to the end', [outOfGpu, missing], 'missing-file'],
    ['in the other order', [missing, outOfGpu], 'gpu-memory'],
    ['a cause before what follows from it', [missing, timeout], 'missing-file'],
    ['a consequence when it is all there is', ['Traceback (most recent call last):', timeout], 'communication'],
    ['a cause before a bare exception', [outOfGpu, 'RuntimeError: cleanup failed'], 'gpu-memory'],
    ['no warning, when there is an error', [`WARNING: ${outOfGpu}, retrying`, 'ValueError: bad shape'], 'exception'],
    ['a warning when it is all there is', ['WARNING: non-finite loss, ending training'], 'diverged'],
    ['no error that was survived', [outOfGpu, 'step 11', 'step 12', 'RuntimeError: x'], 'exception'],
    ['an error after which a bar is drawn once more', [outOfGpu, ' 4%| | 17/387 [05:25<1:57]'], 'gpu-memory'],
    ['nothing, when nothing is said', [], 'crash'],
  ])('%s', (_, log, expected) => expect(nameOf(exit(1), log)).toBe(expected));
});

describe('a file of PyTorch that ends before it should', () => {
  const torn = [
    'RuntimeError: basic_ios::clear: iostream error',
    'During handling of the above exception, another exception occurred:',
    'RuntimeError: [enforce fail at inline_container.cc:672] . unexpected pos 640 vs 598',
  ];
  const noSpace = 'OSError: [Errno 28] No space left on device';
  it.each<[string, string[], boolean, string]>([
    ['on a full disk', torn, true, 'disk-full'],
    ['on a disk with room', torn, false, 'disk-fault'],
    ['with its cause', [noSpace, ...torn], false, 'disk-full'],
    ['not, when another error ends it', [outOfGpu], true, 'gpu-memory'],
  ])('%s', (_, logTail, isDiskFull, expected) => {
    expect(classify(exit(1), { logTail, oomKills: 0, isDiskFull }).class).toBe(expected);
  });
});

describe('kills from outside', () => {
  it.each<[string, ExitStatus, string[], number | undefined, string]>([
    ['SIGKILL with a count of the kernel', by('SIGKILL'), [outOfGpu], 1, 'host-memory'],
    ['SIGKILL without', by('SIGKILL'), [outOfGpu], 0, 'killed'],
    ['SIGKILL explained by Slurm', by('SIGKILL'), ['srun: error: n1: task 0: Out Of Memory'], undefined, 'host-memory'],
    ['SIGTERM', by('SIGTERM'), [outOfGpu], undefined, 'terminated'],
    [
      'SIGTERM of a preempted job',
      by('SIGTERM'),
      ['*** JOB 3 CANCELLED DUE TO PREEMPTION ***'],
      undefined,
      'preempted',
    ],
    ['143 of a wrapper whose other child named a cause', exit(143), [outOfGpu], undefined, 'gpu-memory'],
    ['137 of a wrapper, nothing said', exit(137), [], undefined, 'killed'],
    ['130', exit(130), ['KeyboardInterrupt'], undefined, 'terminated'],
  ])('%s', (_, status, log, oomKills, expected) => expect(nameOf(status, log, oomKills)).toBe(expected));
});

describe('a command that cannot be run', () => {
  it.each<[string, ExitStatus, string[], string]>([
    ['127 of a shell', exit(127), ['sh: 1: trian: not found'], 'command'],
    ['125 of docker run, timeout or env', exit(125), ['docker: Error response from daemon'], 'command'],
    ['125 with nothing said', exit(125), [], 'command'],
    ['125 of a trainer that named a cause', exit(125), [outOfGpu], 'gpu-memory'],
    ['125 of a trainer that raised something', exit(125), ['ValueError: bad shape'], 'exception'],
  ])('%s', (_, status, log, expected) => expect(nameOf(status, log)).toBe(expected));
});

describe('evidence', () => {
  const evidenceOf = (status: ExitStatus, logTail: readonly string[], oomKills?: number) =>
    classify(status, { logTail, oomKills }).evidence;

  it('is the lines that led to the verdict, not the tail', () => {
    expect(evidenceOf(exit(1), ['a', outOfGpu, 'b', 'c'])).toEqual([outOfGpu]);
  });

  it('is the fact that led to it', () => {
    expect(evidenceOf(by('SIGKILL'), ['a'], 2)).toEqual(['the kernel killed 2 process(es) for memory']);
  });

  it.each([by('SIGKILL'), by('SIGSEGV'), exit(1)])(
    'is the last three lines, marked, when nothing did: %j',
    (status) => {
      const last = ['last output: b', 'last output: c', 'last output: d'];
      expect(evidenceOf(status, ['a', 'b', 'c', '', 'd'])).toEqual(last);
    },
  );
});

describe('rules of the user', () => {
  const own = (rule: FailureRule, status: ExitStatus, logTail: readonly string[]) =>
    classify(status, { logTail, oomKills: undefined }, [rule]).class;

  it('come before the built-in ones, even before the contract', () => {
    expect(own({ class: 'network', log: /CUDA/ }, exit(1), [outOfGpu])).toBe('network');
    expect(own({ class: 'network', log: /CUDA/ }, exit(75), [outOfGpu])).toBe('network');
  });

  it('apply only when everything they state holds', () => {
    expect(own({ class: 'network', log: /CUDA/, codes: [3] }, exit(1), [outOfGpu])).toBe('gpu-memory');
    expect(own({ class: 'network', log: /CUDA/, signals: ['SIGABRT'] }, exit(134), [outOfGpu])).toBe('network');
  });

  it('do not depend on where a sticky or global expression stopped', () => {
    const rule: FailureRule = { class: 'network', log: /CUDA/g };
    for (let round = 0; round < 3; round++) expect(own(rule, exit(1), [outOfGpu])).toBe('network');
  });
});

describe('any text', () => {
  const statuses = fc.oneof(
    fc.record({
      code: fc.constantFrom(0, 1, 2, 64, 75, 78, 125, 126, 127, 134, 137, 139, 143),
      signal: fc.constant(null),
    }),
    fc.record({ code: fc.constant(null), signal: fc.constantFrom('SIGKILL', 'SIGSEGV', 'SIGABRT', 'SIGTERM', null) }),
  ) as fc.Arbitrary<ExitStatus>;

  it('has a class, always the same one', () => {
    const lines = fc.array(fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom(outOfGpu, missing, timeout)), {
      maxLength: 30,
    });
    fc.assert(
      fc.property(statuses, lines, (status, logTail) => {
        const failure = classify(status, { logTail, oomKills: undefined });
        expect(failureClassNames).toContain(failure.class);
        expect(failure.evidence.length).toBeLessThanOrEqual(8);
        expect(classify(status, { logTail, oomKills: undefined })).toEqual(failure);
      }),
      { numRuns: 50 },
    );
  });

  // Pieces that a pattern begins with or repeats are the worst that a log can hold.
  const rules = [...killRules, ...causeRules, ...consequenceRules, ...remainingRules];
  const pieces = [
    ...new Set(rules.flatMap(({ log }) => log?.source.split(/[^\w ]+/) ?? []).filter((piece) => piece.length > 2)),
  ];

  it.each([
    ['lines of one character', () => Array.from({ length: 32_768 }, () => 'x')],
    ['one line', () => ['x'.repeat(65_536)]],
    ['spaces', () => Array.from({ length: 131 }, () => ' '.repeat(500))],
    ['digits and slashes', () => Array.from({ length: 131 }, () => '1/'.repeat(250))],
    ['loss, loss, loss', () => Array.from({ length: 131 }, () => 'loss '.repeat(100))],
    ['dots of an exception name', () => Array.from({ length: 131 }, () => 'a.Error'.repeat(71))],
    [
      'all pieces of all patterns',
      () => Array.from({ length: 131 }, (_, at) => pieces.slice(at).join(' ').slice(0, 500)),
    ],
    [
      'the same piece',
      () => Array.from({ length: 131 }, (_, at) => `${pieces[at * 3] ?? 'NCCL'} `.repeat(250).slice(0, 500)),
    ],
    ['all cases', () => pieces.map((piece) => `${piece} `.repeat(60).slice(0, 500)).slice(0, 131)],
  ])('of 64 KiB takes no more time than its length asks for: %s', (_, make) => {
    const logTail = make();
    // A pattern that goes back over what it has read takes seconds. On a busy machine the fifth try may be the first undisturbed one.
    let best = Number.POSITIVE_INFINITY;
    for (let tries = 0; tries < 30 && best >= 50; tries++) {
      const cpuTime = startCpuTime();
      classify(exit(1), { logTail, oomKills: undefined });
      best = Math.min(best, cpuTime());
    }
    expect(best).toBeLessThan(100);
  });
});
