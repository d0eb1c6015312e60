import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findRun } from '../../src/cli/find-run.js';
import { folderWith } from './support.js';

function openRuns(...names: string[]) {
  const folder = folderWith({});
  for (const name of names) {
    mkdirSync(join(folder, 'runs', name), { recursive: true });
    writeFileSync(join(folder, 'runs', name, 'journal.jsonl'), '');
  }
  const runDir = join(folder, 'runs', names[0] ?? '');
  const experiment = join(folder, 'e.json');
  writeFileSync(experiment, JSON.stringify({ experiment_name: names[0], run_dir: runDir }));
  return { folder, runsDir: join(folder, 'runs'), runDir, experiment };
}

test('a run is found by name, directory, experiment file (without its epochs), or because it is the only one', async () => {
  const { runsDir, runDir, experiment } = openRuns('night');
  mkdirSync(join(runsDir, 'no run'));
  for (const named of ['night', runDir, `${runDir}/`, experiment, undefined])
    expect(await findRun(named, runsDir)).toBe(runDir);
});

test.each<[string, string | undefined, string[], string]>([
  ['none', undefined, [], 'there is no run below'],
  ['several', undefined, ['day', 'night'], 'there is day, night'],
  ['another name', 'nihgt', ['night'], 'there is night'],
])('%s', async (_, named, names, said) => {
  await expect(findRun(named, openRuns(...names).runsDir)).rejects.toThrow(said);
});
