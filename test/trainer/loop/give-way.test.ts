import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { repository } from '../../cli/support.js';

/** `SCHED_BATCH` of Linux' sched.h. */
const batch = '3';

function hasChrt(): boolean {
  try {
    execFileSync('chrt', ['-b', '0', 'true']);
    return process.platform === 'linux';
  } catch {
    return false;
  }
}

test.skipIf(!hasChrt())('the thread that writes checkpoints interrupts no other, and no other is changed', async () => {
  const program = `
    import { readdirSync, readFileSync } from 'node:fs';
    import { createBackgroundCommit } from '${repository}/dist/trainer/loop/background-commit.js';
    // Field 41 of proc_pid_stat(5): the policy.
    const read = (id) => readFileSync(\`/proc/self/task/\${id}/stat\`, 'utf8');
    const policies = () => readdirSync('/proc/self/task').map((id) => read(id).replace(/^.*\\) /, '').split(' ')[38]);
    const count = () => policies().filter((policy) => policy === '${batch}').length;
    const [before, background] = [count(), createBackgroundCommit()];
    background.start();
    for (let waited = 0; waited < 2000 && count() === 0; waited++) await new Promise((then) => setTimeout(then, 10));
    console.log(before, count());
    await background.close();
  `;
  const folder = mkdtempSync(join(tmpdir(), 'give-way-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  // A thread does not start from a program of the command line.
  const file = join(folder, 'count.mjs');
  writeFileSync(file, program);
  const { stdout } = await promisify(execFile)(process.execPath, [file], { timeout: 60_000 });
  expect(stdout.trim()).toBe('0 1');
});
