import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { describeExec } from '../../../src/supervisor/shell/parked-launch.js';

const foreseen = { command: ['/bin/echo', 'one'] as const, cwd: '/', env: { A: '1', B: 'two' } };

describe('the line that turns a parked shell into the trainer', () => {
  it('says no more than what was not foreseen', () => {
    expect(describeExec(foreseen, foreseen)).toBe('exec "$@" </dev/null\n');
    expect(describeExec(foreseen, { ...foreseen, env: { A: '1', B: "it's" } })).toBe(
      `export B='it'\\''s';exec "$@" </dev/null\n`,
    );
    expect(describeExec(foreseen, { ...foreseen, command: ['/bin/echo', 'one', '--resume'] })).toBe(
      `exec '/bin/echo' 'one' '--resume' </dev/null\n`,
    );
  });

  it('is none where a line cannot say it', () => {
    expect(describeExec(foreseen, { ...foreseen, cwd: '/tmp' })).toBeUndefined();
    expect(describeExec(foreseen, { ...foreseen, env: { A: '1' } })).toBeUndefined();
    expect(describeExec(foreseen, { ...foreseen, command: ['/bin/echo', 'two\nlines'] })).toBeUndefined();
    expect(describeExec(foreseen, { ...foreseen, env: { ...foreseen.env, 'not a name': '1' } })).toBeUndefined();
  });

  it('hands over any word and any value as it is', () => {
    const word = fc.string({ unit: 'grapheme' }).filter((text) => !/[\n\0]/.test(text));
    fc.assert(
      fc.property(fc.array(word, { maxLength: 3 }), word, (words, value) => {
        const command = ['/usr/bin/env', 'sh', '-c', 'printf "%s\\n" "$B" "$@"', 'sh', ...words] as const;
        const line = describeExec(foreseen, { command, cwd: '/', env: { A: '1', B: value } });
        const { stdout } = spawnSync('/bin/sh', ['-c', 'IFS= read -r line || exit 0; eval "$line"'], {
          input: line,
          encoding: 'utf8',
          env: { PATH: process.env['PATH'], ...foreseen.env },
        });
        expect(stdout).toBe([value, ...words].map((text) => `${text}\n`).join(''));
      }),
      { numRuns: 50 },
    );
  });
});
