import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { supervise } from '../support.js';

const env = { SUPERVISE_NATIVE_DIR: join(tmpdir(), 'no-such-folder'), SUPERVISE_PYTHON: 'no-such-python' };

describe('supervise doctor', () => {
  test('says which backends work here, which one is taken, and why', async () => {
    const { code, stdout } = await supervise(['doctor', '--json'], { env });
    expect(code).toBe(0);
    const report = JSON.parse(stdout);
    expect(report.backends.map(({ name, works }: { name: string; works: boolean }) => [name, works])).toEqual([
      ['tensorflow', false],
      ['webgpu', false],
      ['wasm', true],
      ['cpu', true],
    ]);
    expect(report).toMatchObject({ chosen: 'wasm', node: process.version });
    expect(report.python.problem).toContain('there is no Python (no-such-python)');
  });

  test('--fix without a Python is one clear error', async () => {
    const { code, stderr } = await supervise(['doctor', '--fix'], { env });
    expect(code).toBe(69);
    expect(stderr).toMatch(/^supervise: there is no Python \(no-such-python\)\n.*SUPERVISE_PYTHON\n$/);
  });
});
