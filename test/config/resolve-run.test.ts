import { describe, expect, test } from 'vitest';
import { resolveRun, trainerCommand } from '../../src/config/index.js';
import { mostHalvings } from '../../src/config/resolve-run.js';
import { load } from './support.js';

const referenceTrainer = ['/bin/node', '/product/bin/train.js'] as const;

function launch(content: object, resume = false) {
  const loaded = load(content);
  const run = resolveRun(loaded, '/lab');
  return trainerCommand({ config: loaded.config, run, resume, referenceTrainer });
}

describe('resolveRun: absolute paths', () => {
  test.each<[string, object, object]>([
    [
      'by default below the place where supervise is started, by the name of the experiment',
      {},
      {
        runDir: '/lab/runs/night',
        checkpointDir: '/lab/runs/night/checkpoints',
        sampleDir: '/lab/runs/night/samples',
      },
    ],
    ['in a run directory of one’s own', { run_dir: 'mine' }, { runDir: '/lab/mine', sampleDir: '/lab/mine/samples' }],
    ['in an absolute one', { run_dir: '/data/run' }, { runDir: '/data/run', checkpointDir: '/data/run/checkpoints' }],
    [
      'with checkpoints and samples elsewhere',
      { checkpoint_dir: 'ckpt', sample_dir: '/pictures' },
      { runDir: '/lab/runs/night', checkpointDir: '/lab/ckpt', sampleDir: '/pictures' },
    ],
    ['in the working directory for the reference trainer', { trainer: { cwd: 'code' } }, { trainerCwd: '/lab' }],
    ['beside the file for another trainer', { trainer: { command: ['t'] } }, { trainerCwd: '/exp' }],
    ['as the file says', { trainer: { command: ['t'], cwd: '../code' } }, { trainerCwd: '/code' }],
    ['or absolutely', { trainer: { command: ['t'], cwd: '/abs' } }, { trainerCwd: '/abs' }],
  ])('%s', (_, content, expected) => {
    expect(resolveRun(load(content), '/lab')).toMatchObject(expected);
  });
});

describe('trainerCommand', () => {
  const own = [
    ...referenceTrainer,
    ...['--config', '/lab/runs/night/experiment.json'],
    ...['--checkpoint_dir', '/lab/runs/night/checkpoints', '--epochs', '3'],
  ];

  test('the reference trainer is told where and how long, and to resume', () => {
    expect(launch({}).command).toEqual(own);
    expect(launch({}, true).command).toEqual([...own, '--resume']);
    expect(launch({}).cwd).toBe('/lab');
  });

  test('another trainer is run as written; only resume_args are added', () => {
    const command = ['python', 'my train.py', '$HOME', '--epochs', '{epochs}'];
    expect(launch({ trainer: { command } }).command).toEqual(command);
    expect(launch({ trainer: { command } }, true).command).toEqual([...command, '--resume']);
    const resume_args = ['--from', 'last'];
    expect(launch({ trainer: { command, resume_args } }, true).command).toEqual([...command, ...resume_args]);
    expect(launch({ trainer: { command, resume_args: [] } }, true).command).toEqual(command);
    expect(launch({ trainer: { command, epoch_base: 0 } }, true).command).toEqual([...command, '--resume']);
  });

  test('the environment names the run; the user’s own variables and the device are in it', () => {
    const env = { MODE: 'x', SUPERVISE_EPOCHS: 'no' };
    expect(launch({ trainer: { command: ['t'], env }, gpu_id: [0, 2] }, true).env).toEqual({
      MODE: 'x',
      CUDA_VISIBLE_DEVICES: '0,2',
      SUPERVISE_RUN_DIR: '/lab/runs/night',
      SUPERVISE_CHECKPOINT_DIR: '/lab/runs/night/checkpoints',
      SUPERVISE_EPOCHS: '3',
      SUPERVISE_RESUME: '1',
      SUPERVISE_HEARTBEAT: '/lab/runs/night/heartbeat.json',
    });
  });

  test('without a device none is chosen, and one in the environment wins', () => {
    expect(launch({}).env).not.toHaveProperty('CUDA_VISIBLE_DEVICES');
    const env = { CUDA_VISIBLE_DEVICES: '7' };
    expect(launch({ gpu_id: 1, trainer: { command: ['t'], env } }).env).toMatchObject(env);
    expect(launch({}).env).toMatchObject({ SUPERVISE_RESUME: '0' });
  });

  test.each([
    [4, 1, 1, '2', '2'],
    [4, 1, 2, '1', '4'],
    [4, 3, 1, '2', '6'],
    [6, 1, 1, '3', '2'],
    [6, 1, 2, '1', '6'],
    [5, 1, 1, '1', '5'],
  ])(
    'memory ran out at %d lines × %d, halved %d times: %s × %s, the same effective batch',
    (batch_size, accumulate, halvings, size, parts) => {
      const loaded = load({ training: { batch_size, accumulate } });
      const run = resolveRun(loaded, '/lab');
      const { command } = trainerCommand({ config: loaded.config, run, resume: false, halvings, referenceTrainer });
      expect(command).toEqual([...own, '--batch_size', size, '--accumulate', parts]);
      expect(mostHalvings(loaded.config)).toBe(Math.floor(Math.log2(batch_size)));
    },
  );

  test('another trainer is told of smaller batches by its own arguments only', () => {
    const loaded = load({ trainer: { command: ['t'] } });
    expect(mostHalvings(loaded.config)).toBe(0);
    const told = load({ trainer: { command: ['t'], oom_args: ['--micro={batch_size}'] }, batch_size: 8 });
    const run = resolveRun(told, '/lab');
    const options = { config: told.config, run, resume: false, halvings: 3, referenceTrainer };
    expect(trainerCommand(options).command).toEqual(['t', '--micro=1']);
    expect(mostHalvings(told.config)).toBe(3);
  });
});
