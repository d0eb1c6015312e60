import { describe, expect, test } from 'vitest';
import { failureClassNames } from '../../src/protocol/index.js';
import { errorOf, load } from './support.js';

const rule = { pattern: 'checksum of shard \\d+ is wrong', class: 'data-corrupt' };

describe('failure_rules', () => {
  test('is empty by default', () => {
    expect(load({}).config.failure_rules).toEqual([]);
  });

  test('is taken as it is written', () => {
    const whole = { ...rule, codes: [3], signals: ['SIGABRT'], flags: 'i' };
    expect(load({ failure_rules: [rule, whole] }).config.failure_rules).toEqual([{ ...rule, flags: '' }, whole]);
  });

  test('may go by exit code or signal alone', () => {
    const alone = [
      { codes: [42], class: 'usage' },
      { signals: ['SIGUSR1'], class: 'preempted' },
    ];
    expect(load({ failure_rules: alone }).config.failure_rules).toMatchObject(alone);
  });

  test.each<[string, object, string, string]>([
    ['failure_rules.0', { class: 'usage' }, '', 'a pattern, codes or signals to tell it by'],
    ['failure_rules.0.pattern', { ...rule, pattern: '(' }, '"("', 'a regular expression (Invalid regular expression'],
    [
      'failure_rules.0.pattern',
      { ...rule, pattern: '(a+)+$' },
      '"(a+)+$"',
      'a regular expression without a repetition',
    ],
    ['failure_rules.0.pattern', { ...rule, pattern: '(a|ab)*c' }, '"(a|ab)*c"', 'a regular expression without'],
    ['failure_rules.0.pattern', { ...rule, pattern: '((x\\)y*))+' }, '', 'a regular expression without'],
    ['failure_rules.0.pattern', { ...rule, pattern: '' }, '""', 'a string that is not empty'],
    ['failure_rules.0.class', { ...rule, class: 'oom' }, '"oom"', 'one of "preempted", "usage"'],
    ['failure_rules.0.codes', { ...rule, codes: [] }, '[]', 'a list of whole numbers'],
    ['failure_rules.0.codes.0', { ...rule, codes: [256] }, '256', 'a list of whole numbers'],
    ['failure_rules.0.signals.0', { ...rule, signals: ['kill'] }, '"kill"', 'names of signals such as SIGKILL'],
    ['failure_rules.0.flags', { ...rule, flags: 'gg' }, '"gg"', 'flags of a regular expression'],
  ])('%s: %j', (path, content, got, expected) => {
    const error = errorOf(() => load({ failure_rules: [content] }));
    expect(error).toMatchObject({ code: 'CONFIG_INVALID', exitCode: 78 });
    expect(error.message).toContain(`${path} is ${got}`);
    expect(error.message).toContain(`expected ${expected}`);
  });

  test.each(['a+b*', '(ab)+', '(a+)?', '[(+]+', '\\(a+\\)+', '(\\d{1,3})+', 'x{2,}'])('%s is no danger', (pattern) => {
    expect(load({ failure_rules: [{ ...rule, pattern }] }).config.failure_rules[0]).toMatchObject({ pattern });
  });

  test('every class may be named', () => {
    const rules = failureClassNames.map((name) => ({ pattern: 'x', class: name }));
    expect(load({ failure_rules: rules }).config.failure_rules).toHaveLength(failureClassNames.length);
  });
});
