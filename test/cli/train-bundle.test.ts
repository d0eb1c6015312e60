import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { wrap } from 'node:module';
import { join } from 'node:path';
import { Script } from 'node:vm';
import { expect, test } from 'vitest';
import { folderWith, repository, train } from './support.js';

const bundle = join(repository, 'dist/bundle/train.cjs');

test('the trainer has its compiled code beside it, and Node takes it', () => {
  const cachedData = readFileSync(`${bundle}.code`);
  expect(new Script(wrap(readFileSync(bundle, 'latin1')), { filename: bundle, cachedData }).cachedDataRejected).toBe(
    false,
  );
});

test('its version is that of the package', async () => {
  const { version } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as { version: string };
  expect(await train(['--version'])).toMatchObject({ code: 0, stdout: `${version}\n` });
});

test.each([
  ['with its compiled code', true],
  ['without it', false],
])('a copy elsewhere trains, reads and saves in its threads, %s', async (_, keepsCode) => {
  const folder = folderWith({});
  for (const name of ['bin', 'models', 'configs', 'package.json'])
    cpSync(join(repository, name), join(folder, name), { recursive: true });
  mkdirSync(join(folder, 'dist'));
  cpSync(join(repository, 'dist/bundle'), join(folder, 'dist/bundle'), { recursive: true });
  symlinkSync(join(repository, 'node_modules'), join(folder, 'node_modules'));
  if (!keepsCode) rmSync(join(folder, 'dist/bundle/train.cjs.code'));
  const sizes = { epochs: 1, steps_per_epoch: 2, batch_size: 2, train_samples: 4, val_samples: 2 };
  const flags = Object.entries({ ...sizes, backend: 'wasm', config: join(folder, 'configs/quickstart.json') });
  const env = { XDG_CACHE_HOME: folder };
  const args = ['--run_dir', join(folder, 'run'), ...flags.map(([name, value]) => `--${name}=${value}`)];
  const { code, stdout, stderr } = await train(args, { env, root: folder });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toContain('Training completed: 1/1 epochs');
  const info: unknown = JSON.parse(readFileSync(join(folder, 'run/checkpoints/epoch_info.json'), 'utf8'));
  expect(info).toMatchObject({ last_completed_epoch: 1 });
  // The backend is now known to compute right.
  expect(
    Object.keys(JSON.parse(readFileSync(join(folder, 'supervise/self-test.json'), 'utf8')) as object),
  ).toHaveLength(1);
});
