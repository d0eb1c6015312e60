// The tools, each in processes of its own: one that saves, and a new one for each restore.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** What the supervisor tells the C library of the reference trainer. Not before there is a dist/. */
export async function allocatorSettings() {
  const { referenceTrainerEnv } = await import('../../dist/supervisor/shell/reference-trainer-env.js');
  const { GLIBC_TUNABLES } = referenceTrainerEnv({}, '');
  return { GLIBC_TUNABLES };
}

/**
 * The tools that are there, for `megabytes` of float32 state: each with a process that saves it, to be started, and with those that
 * restore it, by what they restore it into. A process that is started has loaded its code and made its variables.
 */
export async function listTools(root, folder, megabytes) {
  const settings = await allocatorSettings();
  const own = (script, ...args) => [process.execPath, [join(root, 'bench/checkpoint', script), ...args], settings];
  const ours = (target) => own('restore.mjs', String(megabytes), target, folder);
  const program = process.env.SUPERVISE_PYTHON ?? 'python3';
  const others = process.env.SUPERVISE_SAFETENSORS_PYTHON ?? program;
  const script = join(root, 'bench/checkpoint/worker.py');
  const python = (command, tool, action) => [command, [script, tool, String(megabytes), action, folder], {}];
  const tools = [
    {
      name: 'ours',
      save: own('save.mjs', String(megabytes), folder),
      restores: [
        ['variables of a training on wasm', ours('wasm')],
        ['variables of a training on TensorFlow', ours('tensorflow')],
        ['memory that is there', ours('memory')],
        ['new arrays', ours('arrays')],
      ],
    },
    {
      name: 'tf.train.Checkpoint',
      module: [program, 'tensorflow'],
      save: python(program, 'tensorflow', 'save'),
      restores: [['variables', python(program, 'tensorflow', 'variables')]],
    },
    {
      name: 'PyTorch',
      module: [others, 'torch'],
      save: python(others, 'torch', 'save'),
      restores: [
        ['parameters of a module (load_state_dict)', python(others, 'torch', 'variables')],
        ['new tensors', python(others, 'torch', 'arrays')],
      ],
    },
    {
      name: 'safetensors',
      module: [others, 'safetensors'],
      save: python(others, 'safetensors', 'save'),
      restores: [['new arrays', python(others, 'safetensors', 'arrays')]],
    },
  ];
  return tools
    .filter(({ module }) => module === undefined || has(...module))
    .map(({ name, save, restores }) => ({
      name,
      startSaver: () => startWorker(name, ...save),
      restores: restores.map(([into, command]) => ({
        into,
        isFresh: into.startsWith('new '),
        start: () => startWorker(`${name}, ${into}`, ...command),
      })),
    }));
}

async function startWorker(name, program, args, settings) {
  const env = { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3', CUDA_VISIBLE_DEVICES: '', ...settings };
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], env });
  let said = '';
  child.stderr.on('data', (chunk) => {
    said = `${said}${chunk}`.slice(-2000);
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`${name} has ended: ${said}`);
    return JSON.parse(value);
  };
  const { version } = await answer();
  return {
    version,
    ask: (path) => {
      child.stdin.write(`${JSON.stringify([path])}\n`);
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

const known = new Map();

function has(python, module) {
  const key = `${python} ${module}`;
  if (!known.has(key)) {
    const { status } = spawnSync(python, ['-c', `import ${module}`], { stdio: 'ignore' });
    if (status !== 0) console.error(`skipped: ${python} cannot import ${module}`);
    known.set(key, status === 0);
  }
  return known.get(key);
}
