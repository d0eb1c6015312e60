import { realpathSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Experiment, Origin, Warning } from '../../src/config/index.js';
import { folderWith, listAll, repository, supervise } from './support.js';

interface DryRun {
  readonly config: Experiment;
  readonly origins: Readonly<Record<string, Origin>>;
  readonly command: readonly string[];
  readonly warnings: readonly Warning[];
}

const night = `{
  "experiment_name": "night",
  "num_epochs": 3, // our own
  "bs": 2,
  "optimzer": { "lr": 1 },
}
`;

async function dryRun(cwd: string, args: readonly string[] = [], env: Readonly<Record<string, string>> = {}) {
  const { code, stdout, stderr } = await supervise(['night.json', '--dry-run', '--json', ...args], { cwd, env });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout) as DryRun;
}

describe('--dry-run --json', () => {
  test('is one object: configuration, origins, command and warnings; nothing is created', async () => {
    const cwd = folderWith({ 'night.json': night });
    const result = await dryRun(cwd);
    expect(Object.keys(result)).toEqual(['config', 'origins', 'command', 'warnings']);
    expect(result.config).toMatchObject({ experiment_name: 'night', epochs: 3, training: { batch_size: 2 } });
    expect(result.origins).toMatchObject({
      epochs: { source: 'file', key: 'num_epochs', line: 3, synonym: true },
      seed: { source: 'default' },
    });
    expect(result.warnings).toEqual([{ line: 5, message: expect.stringContaining('unknown key optimzer.lr') }]);
    const runDir = join(realpathSync(cwd), 'runs', 'night');
    expect(result.command.slice(1)).toEqual([
      join(repository, 'bin', 'train.js'),
      ...['--config', join(runDir, 'experiment.json')],
      ...['--checkpoint_dir', join(runDir, 'checkpoints')],
      ...['--epochs', '3'],
    ]);
    expect(listAll(cwd)).toEqual(['night.json']);
  });

  test('names a foreign command as it will be run', async () => {
    const command = ['python', 'my train.py', '--lr=1e-3'];
    const cwd = folderWith({ 'night.json': JSON.stringify({ epochs: 3, trainer: { command } }) });
    expect((await dryRun(cwd)).command).toEqual(command);
  });

  test('has resume_args where there is something to resume from, unless --no-restore is given', async () => {
    const cwd = folderWith({ 'night.json': JSON.stringify({ epochs: 3, trainer: { command: ['trainer'] } }) });
    await mkdir(join(cwd, 'ckpt'));
    writeFileSync(join(cwd, 'ckpt', 'epoch_info.json'), '{ "last_completed_epoch": 1 }');
    expect((await dryRun(cwd, ['--checkpoint-dir', 'ckpt'])).command).toEqual(['trainer', '--resume']);
    expect((await dryRun(cwd, ['--checkpoint-dir', 'ckpt', '--no-restore'])).command).toEqual(['trainer']);
  });

  test('flags beat the environment, which beats the file', async () => {
    const cwd = folderWith({ 'night.json': night });
    const env = { SUPERVISE_CONFIG_EPOCHS: '4', SUPERVISE_CONFIG_TRAINING__BATCH_SIZE: '8' };
    const { config, origins } = await dryRun(cwd, ['--epochs', '5'], env);
    expect([config.epochs, config.training.batch_size]).toEqual([5, 8]);
    expect(origins['epochs']).toEqual({ source: 'flag', key: '--epochs' });
    expect(origins['training.batch_size']).toEqual({
      source: 'environment',
      key: 'SUPERVISE_CONFIG_TRAINING__BATCH_SIZE',
    });
  });

  test('--set takes every type, every spelling, and the last of two', async () => {
    const cwd = folderWith({ 'night.json': night });
    const settings = [
      ...['bs=8', 'bs=16', 'lr=1e-4', 'resume=false', 'early_stopping=yes', 'description=a=b c', 'gpu_id=0'],
      ...['perceptual_layers=["block1_conv2"]', 'trainer.command=python train.py', 'trainer.env.Mode=x=y'],
    ];
    const { config } = await dryRun(
      cwd,
      settings.flatMap((setting) => ['--set', setting]),
    );
    expect(config).toMatchObject({
      training: { batch_size: 16, gpu_id: '0' },
      optimizer: { lr_g: 1e-4 },
      resume: false,
      early_stopping: { enabled: true },
      description: 'a=b c',
      loss_config: { perceptual_layers: ['block1_conv2'] },
      trainer: { command: ['python', 'train.py'], env: { Mode: 'x=y' } },
    });
  });

  test('--run-dir, --checkpoint-dir, --seed and --backend', async () => {
    const cwd = folderWith({ 'night.json': night });
    const moved = await dryRun(cwd, ['--run-dir', 'elsewhere', '--seed', '6', '--seed', '7', '--backend', 'cpu']);
    expect(moved.config).toMatchObject({ run_dir: 'elsewhere', seed: 7, training: { backend: 'cpu' } });
    expect(moved.command).toContain(join(realpathSync(cwd), 'elsewhere', 'experiment.json'));
    expect(moved.command).toContain(join(realpathSync(cwd), 'elsewhere', 'checkpoints'));
    expect((await dryRun(cwd, ['--checkpoint-dir', '/far/away'])).command).toContain('/far/away');
  });
});

describe('--dry-run', () => {
  test('shows each value, its origin, the paths, the command and the warnings', async () => {
    const cwd = folderWith({ 'night.json': night });
    const { code, stdout, stderr } = await supervise(['night.json', '--dry-run', '--run-dir', 'two words'], { cwd });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^epochs +3 +file, line 3, written num_epochs$/m);
    expect(stdout).toMatch(/^training\.batch_size +2 +file, line 4, written bs$/m);
    expect(stdout).toMatch(/^seed +42 +default$/m);
    expect(stdout).toMatch(/^run_dir +"two words" +flag --run-dir$/m);
    expect(stdout).toContain(`run directory         ${join(realpathSync(cwd), 'two words')}\n`);
    expect(stdout).toContain(`'${join(realpathSync(cwd), 'two words', 'experiment.json')}' --checkpoint_dir`);
    expect(stdout).toContain('warning: line 5: unknown key optimzer.lr');
    expect(listAll(cwd)).toEqual(['night.json']);
  });

  test.each(['quickstart', 'night', 'pytorch-example'])('configs/%s.json', async (name) => {
    const { code, stdout } = await supervise([`configs/${name}.json`, '--dry-run']);
    expect(code).toBe(0);
    expect(stdout).toContain('trainer command');
    expect(stdout).not.toContain('warning');
  });
});
