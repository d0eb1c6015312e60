import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { type KernelLog, openKernelLog } from '../../../src/supervisor/shell/kernel-log.js';

const folder = mkdtempSync(join(tmpdir(), 'supervise-kernel-log-'));
let log: KernelLog | undefined;
afterEach(() => log?.close());

const about = { pids: [process.pid], directory: folder };
const line = `Memory cgroup out of memory: Killed process ${process.pid} (node) total-vm:1kB`;
const canWrite = (() => {
  try {
    writeFileSync('/dev/kmsg', '<6>supervise: a test looks whether it may write here\n');
    return openKernelLog().read(about).length === 0;
  } catch {
    return false;
  }
})();

describe.skipIf(!canWrite)('the log of this kernel (needs the right to write /dev/kmsg)', () => {
  // A record without its new line may still be continued, and is told to nobody before the next.
  test('tells of what came since it was passed over, once', () => {
    writeFileSync('/dev/kmsg', `<3>${line} before\n`);
    log = openKernelLog();
    expect(log.read(about)).toEqual([]);
    expect(log.skipNew()).toBe(false);
    log.skip();
    expect(log.read(about)).toEqual([]);
    writeFileSync('/dev/kmsg', `<3>${line} between two attempts\n`);
    expect(log.skipNew()).toBe(true);
    writeFileSync('/dev/kmsg', `<3>${line} after\n`);
    writeFileSync('/dev/kmsg', '<3>python[1]: segfault at 10 ip 00007f5f\n');
    expect(log.read({ ...about, pids: [...about.pids, 2] })).toEqual([`${line} after`]);
    expect(log.read(about)).toEqual([]);
  });
});

describe('a log that cannot be read', () => {
  test.each(['/nowhere/kmsg', folder])('tells nothing, and is no error: %s', (path) => {
    log = openKernelLog(path);
    log.skip();
    expect(log.skipNew()).toBe(false);
    expect(log.read(about)).toEqual([]);
  });

  test('nor is one without end', () => {
    log = openKernelLog('/dev/zero');
    const startMs = performance.now();
    log.skip();
    expect(log.read(about)).toEqual([]);
    expect(performance.now() - startMs).toBeLessThan(5000);
    rmSync(folder, { recursive: true, force: true });
  });
});
