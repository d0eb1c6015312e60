// The processes that take the steps, ours and Python's.
import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** How long a peer may take until its first steps are done: a compiler that needs longer is left out. */
const readyWithinMs = 120_000;

/** Columns of the table: the key of the JSON row, its title, and the process that takes the steps of a case. */
export function listPeers(root) {
  const ours = (backend, mode, threads) => (name) => [
    process.execPath,
    join(root, 'bench/train/worker.mjs'),
    name,
    backend,
    mode,
    String(threads),
  ];
  const python =
    (variable, script, ...modes) =>
    (name) => [process.env[variable] ?? 'python3', join(root, 'bench/train', script), name, ...modes];
  return [
    { key: 'captured_ms', title: 'ours, captured', command: ours('tensorflow', 'captured', 1) },
    { key: 'eager_ms', title: 'ours, eager', command: ours('tensorflow', 'eager', 1) },
    { key: 'wasm_ms', title: 'wasm', command: ours('wasm', 'eager', 1) },
    { key: 'wasm_2_threads_ms', title: 'wasm, 2 threads', command: ours('wasm', 'eager', 2) },
    {
      key: 'tensorflow_graph_ms',
      title: 'Python TensorFlow, graph',
      command: python('SUPERVISE_PYTHON', 'worker_tf.py', 'graph'),
    },
    {
      key: 'tensorflow_onednn_ms',
      title: 'the same, oneDNN switched on',
      command: python('SUPERVISE_PYTHON', 'worker_tf.py', 'graph'),
      env: { TF_ENABLE_ONEDNN_OPTS: '1' },
    },
    { key: 'torch_ms', title: 'PyTorch', command: python('SUPERVISE_TORCH_PYTHON', 'worker_torch.py', 'eager') },
    {
      key: 'torch_compiled_ms',
      title: 'PyTorch, compiled',
      command: python('SUPERVISE_TORCH_PYTHON', 'worker_torch.py', 'compiled'),
    },
    { key: 'webgpu_ms', title: 'WebGPU, captured', isOnCard: true, command: ours('webgpu', 'captured', 1) },
    { key: 'webgpu_eager_ms', title: 'WebGPU, eager', isOnCard: true, command: ours('webgpu', 'eager', 1) },
    {
      key: 'torch_cuda_ms',
      title: 'PyTorch on the card',
      isOnCard: true,
      command: python('SUPERVISE_TORCH_PYTHON', 'worker_torch.py', 'eager', 'cuda'),
    },
    {
      key: 'torch_cuda_fp32_ms',
      title: 'the same without TF32',
      isOnCard: true,
      command: python('SUPERVISE_TORCH_PYTHON', 'worker_torch.py', 'eager', 'cuda', 'fp32'),
    },
    {
      key: 'torch_cuda_compiled_ms',
      title: 'PyTorch on the card, compiled',
      isOnCard: true,
      command: python('SUPERVISE_TORCH_PYTHON', 'worker_torch.py', 'compiled', 'cuda'),
    },
  ];
}

/** Whether there is a card that the driver's tool knows; without one its columns are left out. */
export function hasCard() {
  return spawnSync('nvidia-smi', ['-L']).status === 0;
}

/** Percent of the time that the card computes, while `run` does; undefined when the tool says nothing. */
export async function whileWatchingCard(run) {
  const query = ['--query-gpu=utilization.gpu', '--format=csv,noheader,nounits', '-lms', '100'];
  const watch = spawn('nvidia-smi', query, { stdio: ['ignore', 'pipe', 'ignore'] });
  let text = '';
  watch.stdout.on('data', (chunk) => {
    text += chunk;
  });
  watch.on('error', () => undefined);
  const result = await run();
  watch.kill('SIGKILL');
  const seen = text
    .split('\n')
    .filter((line) => /^\s*\d+\s*$/.test(line))
    .map(Number);
  return { result, percent: seen.length === 0 ? undefined : seen.reduce((sum, value) => sum + value, 0) / seen.length };
}

/** Starts a peer on a case and waits until its first steps are done; `leftOut` says why when it cannot be had. */
export async function startPeer({ key, command, isOnCard = false, env = {} }, name) {
  const [program, ...args] = command(name);
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...env } });
  let errors = '';
  child.stderr.on('data', (text) => {
    errors = `${errors}${text}`.slice(-2000);
  });
  child.on('error', (error) => {
    errors += error.message;
  });
  child.stdin.on('error', () => undefined);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const read = async () => {
    for (;;) {
      const { value, done } = await lines.next();
      if (done) return undefined;
      if (value.startsWith('{')) return JSON.parse(value);
    }
  };
  const patience = setTimeout(() => {
    errors = `not ready after ${readyWithinMs / 1000} s`;
    child.kill('SIGKILL');
  }, readyWithinMs);
  const ready = await read();
  clearTimeout(patience);
  if (ready === undefined) {
    const leftOut = errors.trim().split('\n').at(-1);
    process.stderr.write(`left out: ${key} of ${name}: ${leftOut}\n`);
    return { key, leftOut };
  }
  return {
    key,
    isOnCard,
    ready,
    step: async (count) => {
      child.stdin.write(`${count}\n`);
      return (await read())?.times ?? [];
    },
    stop: () => child.kill('SIGKILL'),
  };
}

/** Runs a program to its end and returns the JSON of its last line. */
export function runForJson(program, args, options = {}) {
  const { stdout, stderr, status } = spawnSync(program, args, {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    ...options,
  });
  const line = stdout.trim().split('\n').at(-1) ?? '';
  if (status === 0 && line.startsWith('{')) return JSON.parse(line);
  process.stderr.write(`left out: ${args.join(' ')}: ${stderr.trim().split('\n').at(-1)}\n`);
  return undefined;
}
