// Who reads what: each reader is a process of its own, so that its peak of memory is its own.
import { spawn, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { height, width } from './make-files.mjs';

const ours = fileURLToPath(new URL('./read.mjs', import.meta.url));
const theirs = fileURLToPath(new URL('./read.py', import.meta.url));
const pythonCommand = process.env.SUPERVISE_PYTHON ?? 'python3';

/** Every reader with the file that it reads. */
export function readers() {
  const own = (name, threaded) => ({ name, run: (job) => ask(process.execPath, [ours], { ...job, threaded }) });
  const kinds = [own('supervise', true), own('supervise, without its thread', false)];
  if (hasTensorFlow()) kinds.push({ name: 'tf.data', run: (job) => ask(pythonCommand, [theirs], job) });
  return ['small', 'large', 'compressed'].flatMap((file) =>
    kinds.map(({ name, run }) => ({ name, file, read: (job) => run({ ...job, width, height, batchSize: 4 }) })),
  );
}

function hasTensorFlow() {
  return spawnSync(pythonCommand, ['-c', 'import tensorflow'], { stdio: 'ignore' }).status === 0;
}

function ask(command, args, job) {
  const child = spawn(command, [...args, JSON.stringify(job)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3', CUDA_VISIBLE_DEVICES: '-1' },
  });
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) =>
      code === 0 ? resolve(JSON.parse(output)) : reject(new Error(`${args[0]} ended with ${code}`)),
    );
  });
}
