import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { folderWith, repository, supervise } from './support.js';

const compiled = ['rolldown-runtime', 'supervise', 'supervising'];

// A process of its own: compiled code is taken only under the flags of the launcher.
const verdicts = `
  for (const flag of ['--semi-space-growth-factor=1', '--no-opt']) require('node:v8').setFlagsFromString(flag);
  const { readFileSync } = require('node:fs');
  const isRejected = (name) => {
    const filename = \`dist/bundle/\${name}.cjs\`;
    const source = require('node:module').wrap(readFileSync(filename, 'latin1'));
    const cachedData = readFileSync(\`\${filename}.code\`);
    return new (require('node:vm').Script)(source, { filename, cachedData }).cachedDataRejected;
  };
  console.log(JSON.stringify(process.argv.slice(1).map(isRejected)));`;

test('what a run is supervised with has its compiled code beside it, and Node takes it', () => {
  const said = execFileSync(process.execPath, ['-e', verdicts, ...compiled], { cwd: repository, encoding: 'utf8' });
  expect(JSON.parse(said)).toEqual(compiled.map(() => false));
});

test.each([
  ['with its compiled code', () => false],
  ['without it', (name: string) => name.endsWith('.code')],
  ['with that of its first file only', (name: string) => name === 'supervising.cjs.code'],
])('a copy elsewhere supervises and lists its runs, %s', async (_, isLeftOut) => {
  const trainer = { command: ['/bin/sh', '-c', 'exit 3'] };
  const restart = { initial_delay_ms: 0, max_delay_ms: 0, max_restarts_without_progress: 2 };
  const experiment = JSON.stringify({ experiment_name: 'copied', epochs: 2, run_dir: 'run', trainer, restart });
  const folder = folderWith({ 'experiment.json': experiment });
  for (const name of ['bin', 'configs', 'package.json'])
    cpSync(join(repository, name), join(folder, name), { recursive: true });
  mkdirSync(join(folder, 'dist'));
  cpSync(join(repository, 'dist/bundle'), join(folder, 'dist/bundle'), { recursive: true });
  symlinkSync(join(repository, 'node_modules'), join(folder, 'node_modules'));
  for (const name of readdirSync(join(folder, 'dist/bundle')).filter(isLeftOut))
    rmSync(join(folder, 'dist/bundle', name));
  const { code, stdout, stderr } = await supervise(['experiment.json'], { root: folder, cwd: folder });
  expect({ code, stdout }).toEqual({ code: 69, stdout: expect.stringContaining('Attempt 3 ended') });
  expect(stderr).toContain('2 restarts in a row saved no new work');
  const status = await supervise(['status', 'run'], { root: folder, cwd: folder });
  expect(status.stdout).toContain('copied');
});
