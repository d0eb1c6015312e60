import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { findRunProcesses } from '../../../src/supervisor/shell/find-run-processes.js';
import { createParkedLaunch, describeExec } from '../../../src/supervisor/shell/parked-launch.js';
import { fc } from '../../fast-check.js';

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

describe.skipIf(process.platform !== 'linux')('a parked shell', () => {
  const token = 'parked-launch-test';
  const env = { A: 'here', SUPERVISE_TOKEN: token, SUPERVISE_ATTEMPT: '1' };
  const launch = { command: ['/bin/sh', '-c', 'echo "$A"'] as const, cwd: '/', env };
  const park = async () => {
    const folder = mkdtempSync(join(tmpdir(), 'supervise-parked-'));
    const output = join(folder, 'output.log');
    const parked = createParkedLaunch();
    await parked.park(1, launch, output);
    return { parked, output, clear: () => rmSync(folder, { recursive: true }) };
  };

  it('becomes the trainer', async () => {
    const { parked, output, clear } = await park();
    expect(parked.take(2, launch)).toBeUndefined();
    const trainer = parked.take(1, launch);
    expect(await trainer?.ended).toEqual({ code: 0, signal: null });
    expect(readFileSync(output, 'utf8')).toBe('here\n');
    clear();
  });

  it('that was killed is not taken for a trainer: before we hear of it, and after', async () => {
    for (const waitMs of [0, 100]) {
      const { parked, clear } = await park();
      for (const { pid } of findRunProcesses(token)) process.kill(pid, 'SIGKILL');
      // The kernel ends it while we stand still, and hear nothing.
      spawnSync('sleep', ['0.05']);
      if (waitMs > 0) await sleep(waitMs);
      expect(parked.take(1, launch)).toBeUndefined();
      clear();
    }
  });
});
