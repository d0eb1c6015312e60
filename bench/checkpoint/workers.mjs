// One long-lived process for each tool, so that its start and imports do not count.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** As the supervisor starts the reference trainer. */
export const hugePages = { GLIBC_TUNABLES: 'glibc.malloc.hugetlb=1' };

/** A worker for each tool that is there, to be started; each holds `megabytes` of float32 state. */
export function listWorkers(root, megabytes) {
  const tensorflow = process.env.SUPERVISE_PYTHON ?? 'python3';
  const others = process.env.SUPERVISE_SAFETENSORS_PYTHON ?? tensorflow;
  const script = join(root, 'bench/checkpoint/worker.py');
  const own = join(root, 'bench/checkpoint/worker.mjs');
  const listed = [
    ['ours', process.execPath, [own], 'variables'],
    ['ours, into new arrays', process.execPath, [own], 'arrays'],
    ...(has(tensorflow, 'tensorflow') ? [['tf.train.Checkpoint', tensorflow, [script, 'tensorflow']]] : []),
    ...(has(others, 'torch') ? [['torch.save', others, [script, 'torch']]] : []),
    ...(has(others, 'safetensors') ? [['safetensors', others, [script, 'safetensors']]] : []),
  ];
  return listed.map(([name, program, args, into]) => ({
    name,
    start: () =>
      startWorker(
        name,
        program,
        [...args, String(megabytes), ...(into === undefined ? [] : [into])],
        into && hugePages,
      ),
  }));
}

async function startWorker(name, program, args, settings = {}) {
  const env = { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3', CUDA_VISIBLE_DEVICES: '', ...settings };
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'ignore'], env });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`${name} has ended`);
    return JSON.parse(value);
  };
  const { version } = await answer();
  return {
    name,
    version,
    ask: (action, path) => {
      child.stdin.write(`${JSON.stringify([action, path])}\n`);
      return answer();
    },
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.stdin.end();
      await ended;
    },
  };
}

function has(python, module) {
  const { status } = spawnSync(python, ['-c', `import ${module}`], { stdio: 'ignore' });
  if (status !== 0) console.error(`skipped: ${python} cannot import ${module}`);
  return status === 0;
}
