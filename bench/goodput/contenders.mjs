// Who keeps a trainer running, and how it is started. All of them restart with the least delay that they can be set to.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { peersFolder } from '../lib/peers.mjs';
import { foreground, listSupervisors } from '../lib/supervisors.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const trainPy = join(root, 'bench/goodput/train.py');

/**
 * `[{ id, title, trainer, start(folder, options) }]`: `trainer` is `reference` or `torch`. `options.stepMs` is the length of a
 * step of the torch trainer, `options.mtbfMs` what is told of the time between faults.
 */
export function listContenders(peers, python) {
  const version = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version;
  const others = listSupervisors(peers).filter(({ name, reason }) => othersNames[name] && reason === undefined);
  const own = (id, title, changes) => ({
    id,
    title: `supervise ${version}, ${title}`,
    trainer: 'reference',
    start: ours(changes),
  });
  const torch = python.torch === undefined ? [] : torchContenders(python, version, others);
  return [
    own('supervise-spare', 'step checkpoints, warm spare', {
      checkpoints: { every: 'auto' },
      restart: { warm_spare: true },
    }),
    own('supervise-steps', 'step checkpoints', { checkpoints: { every: 'auto' } }),
    own('supervise', 'epochs only', { checkpoints: { every: 'epoch' } }),
    ...others.map(({ name, version: of, start }) => ({
      id: name,
      title: `${othersNames[name]} ${of}`,
      trainer: 'reference',
      start: (folder) => start(folder, referenceCommand(folder)),
    })),
    ...torch,
  ];
}

const othersNames = { bash: 'bash until loop', pm2: 'pm2', supervisord: 'supervisord', runit: 'runit' };

/** The Python with PyTorch, and the versions of it and of Lightning; each undefined when it is not there. */
export function findPython({ install }) {
  const python = process.env.SUPERVISE_TORCH_PYTHON ?? process.env.SUPERVISE_PYTHON ?? 'python3';
  const folder = join(peersFolder, 'python');
  const env = { ...process.env, PYTHONPATH: folder };
  const ask = (name) => {
    const { status, stdout } = spawnSync(python, ['-c', `import ${name}; print(${name}.__version__)`], {
      env,
      encoding: 'utf8',
    });
    return status === 0 ? stdout.trim().split('\n').at(-1).replace(/\+.*/, '') : undefined;
  };
  const torch = ask('torch');
  const lightning = [
    'lightning',
    'lightning-utilities',
    'pytorch-lightning',
    'torchmetrics',
    'packaging',
    'tqdm',
    'PyYAML',
    'fsspec',
    'typing_extensions',
  ];
  if (torch !== undefined && install && !existsSync(join(folder, 'lightning')))
    spawnSync(
      python,
      ['-m', 'pip', 'install', '--quiet', '--retries', '0', '--no-deps', '--target', folder, ...lightning],
      { stdio: 'ignore' },
    );
  return { python, folder, torch, lightning: torch === undefined ? undefined : ask('lightning') };
}

/** The quickstart with epochs without end, and a diary. */
function experimentOf(folder, changes = {}) {
  const quickstart = JSON.parse(readFileSync(join(root, 'configs/quickstart.json'), 'utf8'));
  const { $schema: _, ...config } = quickstart;
  return {
    ...config,
    epochs: 100_000,
    run_dir: join(folder, 'run'),
    metrics: { steps: true },
    checkpoints: { ...config.checkpoints, every: 'epoch', ...changes.checkpoints },
    restart: { initial_delay_ms: 0, max_delay_ms: 0, max_restarts_without_progress: 1000, ...changes.restart },
    ...changes.rest,
  };
}

function ours({ checkpoints, restart }) {
  return (folder, { mtbfMs, rest = {} }) => {
    const path = join(folder, 'experiment.json');
    const config = experimentOf(folder, { checkpoints, restart: { ...restart, expected_mtbf_ms: mtbfMs }, rest });
    writeFileSync(path, JSON.stringify(config));
    return foreground(folder, [process.execPath, join(root, 'bin/supervise.js'), path]);
  };
}

/** The same trainer as a program that somebody else restarts. */
function referenceCommand(folder) {
  const path = join(folder, 'experiment.json');
  writeFileSync(path, JSON.stringify(experimentOf(folder)));
  return [process.execPath, join(root, 'bin/train.js'), '--config', path, '--run_dir', join(folder, 'run'), '--resume'];
}

/** The diary of a contender's run. */
export const diaryOf = (folder) => join(folder, 'run', 'steps.jsonl');
export const checkpointsOf = (folder) => join(folder, 'run', 'checkpoints');

function torchContenders({ python, folder: site, torch, lightning }, version, others) {
  const command = (folder, stepMs, ...more) => [
    trainPy,
    '--folder',
    join(folder, 'run'),
    '--step-ms',
    String(stepMs),
    '--resume',
    ...more,
  ];
  const env = { ...process.env, PYTHONPATH: site, OMP_NUM_THREADS: '1', PYTHONUNBUFFERED: '1' };
  const loop = (folder, words) =>
    foreground(
      folder,
      ['bash', '-c', `until ${words.join(' ')} >> ${join(folder, 'child.log')} 2>&1; do :; done`],
      env,
    );
  const underOurs =
    (isSpared) =>
    (folder, { stepMs, mtbfMs, hangMs = 60_000 }) => {
      const path = join(folder, 'experiment.json');
      const [script, ...args] = command(folder, stepMs, ...(isSpared ? ['--save-steps', '20'] : []));
      const restart = {
        initial_delay_ms: 0,
        max_delay_ms: 0,
        expected_mtbf_ms: mtbfMs,
        max_restarts_without_progress: 1000,
        warm_spare: isSpared,
      };
      writeFileSync(
        path,
        JSON.stringify({
          experiment_name: 'goodput',
          epochs: 100_000,
          run_dir: join(folder, 'run'),
          trainer: {
            command: [python, script, ...args.filter((word) => word !== '--resume')],
            env: { PYTHONPATH: site, OMP_NUM_THREADS: '1' },
          },
          restart,
          hang: { min_ms: hangMs },
        }),
      );
      return foreground(folder, [process.execPath, join(root, 'bin/supervise.js'), path]);
    };
  const torchrun = (folder, stepMs) => [
    ...[python, '-m', 'torch.distributed.run', '--standalone', '--nproc-per-node', '1'],
    ...['--max-restarts', '100000', '--monitor-interval', '0.1', ...command(folder, stepMs)],
  ];
  return [
    {
      id: 'supervise-torch-spare',
      title: `supervise ${version}, step checkpoints, warm spare`,
      start: underOurs(true),
    },
    { id: 'supervise-torch', title: `supervise ${version}, epochs only`, start: underOurs(false) },
    ...others.map(({ name, version: of, start }) => ({
      id: `${name}-torch`,
      title: `${othersNames[name]} ${of}`,
      start: (folder, { stepMs }) => start(folder, [python, ...command(folder, stepMs)]),
    })),
    {
      id: 'torchrun',
      title: `torchrun ${torch}`,
      start: (folder, { stepMs }) => foreground(folder, torchrun(folder, stepMs), env),
    },
    ...(lightning === undefined
      ? []
      : [
          {
            id: 'lightning',
            title: `Lightning ${lightning} in a bash until loop`,
            start: (folder, { stepMs }) =>
              loop(folder, [python, ...command(folder, stepMs, '--framework', 'lightning')]),
          },
        ]),
  ].map((contender) => ({ ...contender, trainer: 'torch' }));
}

/** An empty folder for a run. */
export function openRunFolder(scratch, id) {
  const folder = join(scratch, id);
  mkdirSync(join(folder, 'run', 'checkpoints'), { recursive: true });
  return folder;
}
