import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { state, stateNames } from '../support.js';

it.each(stateNames)('a rehearsal changes nothing: %s', async (name) => {
  // What is done once in a process is done anew.
  vi.resetModules();
  const { rehearseRelaunch } = await import('../../../src/supervisor/shell/rehearse-relaunch.js');
  const folder = mkdtempSync(join(tmpdir(), 'supervise-rehearse-'));
  try {
    const output = join(folder, 'output.log');
    writeFileSync(output, 'RuntimeError: CUDA error: out of memory\n');
    const before = state(name);
    const copy = structuredClone(before);
    let asked = 0;
    const readProgress = () => {
      asked++;
      return undefined;
    };
    rehearseRelaunch(before, { token: 'rehearse-relaunch-test', attempt: 1, output, readProgress });
    expect(asked).toBe(2);
    expect(before).toEqual(copy);
    rehearseRelaunch(before, { token: 'rehearse-relaunch-test', attempt: 2, output, readProgress });
    expect(asked).toBe(2);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
