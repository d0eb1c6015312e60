import { expect, it } from 'vitest';
import { runTool } from '../../../src/supervisor/shell/run-tool.js';

it('gives what a tool prints, and gives it nothing to read', async () => {
  expect(await runTool(['sh', '-c', 'cat; echo two; echo lines; echo aside >&2'], 5000)).toBe('two\nlines');
});

it('gives nothing of a tool that is missing, fails, or prints without end', async () => {
  expect(await runTool(['no-such-tool-of-supervise'], 5000)).toBeUndefined();
  expect(await runTool(['sh', '-c', 'echo half; exit 3'], 5000)).toBeUndefined();
  expect(await runTool(['yes'], 5000)).toBeUndefined();
});

it('waits no longer than told, even for what a killed tool leaves behind', async () => {
  expect(await runTool(['sh', '-c', 'sleep 3 & echo here; wait'], 300)).toBeUndefined();
});
