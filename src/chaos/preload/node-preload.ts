// Preloaded into Node by a campaign (NODE_OPTIONS=--import=…), into trainer and supervisor: does to its own process what the
// folder of orders says. It imports nothing of ours, for it is the first thing that a process loads.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import process from 'node:process';
import { isMainThread } from 'node:worker_threads';

const { SUPERVISE_CHAOS_DIR: folder, SUPERVISE_CHECKPOINT_DIR: checkpointDir, SUPERVISE_TOKEN: token } = process.env;
const real = { ...fs };
const pollMs = 20;
/** Whoever leads the process group comes first. */
const patienceMs = 200;

if (folder !== undefined) {
  followClock(folder);
  // The supervisor has no token of a run; orders are for its trainer.
  if (token !== undefined && checkpointDir !== undefined) {
    if (isMainThread) takeOrders(folder);
    followDiskOrders(folder, checkpointDir);
  }
}

function takeOrders(orders: string): void {
  const group = readGroup();
  const isLeader = group === process.pid;
  if (isLeader) crashIfOrdered(orders);
  write(`${orders}/present/${group}`, String(process.pid));
  let seenAtMs: number | undefined;
  setInterval(() => {
    if (!real.existsSync(`${orders}/orders/${group}`)) return;
    seenAtMs ??= performance.now();
    if (!isLeader && performance.now() - seenAtMs < patienceMs) return;
    const order = take(`${orders}/orders/${group}`, `${orders}/taken/${group}`);
    if (order === undefined) return;
    write(`${orders}/obeyed/${group}`, String(process.pid));
    obey(order);
  }, pollMs).unref();
}

function obey(order: Readonly<Record<string, unknown>>): void {
  switch (order['action']) {
    case 'exit':
      process.exit(Number(order['code']));
      break;
    case 'defy':
      process.removeAllListeners('SIGTERM').on('SIGTERM', () => undefined);
      for (;;);
    case 'spin':
      for (;;);
    case 'nan':
      void poisonNextStep();
  }
}

function crashIfOrdered(orders: string): void {
  const left = Number(read(`${orders}/crash-loop`) ?? 0);
  if (left <= 0) return;
  write(`${orders}/crash-loop`, String(left - 1));
  console.error('Error: told to end at once');
  process.exit(1);
}

/** The next convolution that a gradient is taken of sees NaN. */
async function poisonNextStep(): Promise<void> {
  const { engine, scalar } = await import('@tensorflow/tfjs-core');
  const ours = engine();
  const run = ours.runKernel.bind(ours);
  let isDone = false;
  ours.runKernel = ((name, inputs, attributes) => {
    const { x } = inputs as { x?: Parameters<typeof run>[1]['x'] };
    if (isDone || x === undefined || !/^(Fused)?Conv2D/.test(name) || !ours.isTapeOn())
      return run(name, inputs, attributes);
    isDone = true;
    ours.runKernel = run;
    const poisoned = run('Multiply', { a: x, b: scalar(Number.NaN) });
    return run(name, { ...inputs, x: poisoned } as typeof inputs, attributes);
  }) as typeof ours.runKernel;
}

/** Operations that write below the checkpoint directory are counted, slowed down, or the last of this process. */
function followDiskOrders(orders: string, below: string): void {
  const open = new Map<number, string>();
  const path = `${orders}/disk.json`;
  let count = 0;
  const isBelow = (file: unknown) => String(file).startsWith(below) && !String(file).endsWith('.lock');
  const reach = (operation: string, file: unknown) => {
    if (!real.existsSync(path)) {
      count = 0;
      return;
    }
    const order = parse(read(path));
    const taken = `${orders}/disk-taken.json`;
    if (order?.['action'] === 'slow') {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(order['addMs']));
      write(taken, JSON.stringify({ operation, file: String(file), pid: process.pid }));
    }
    if (order?.['action'] !== 'crash' || ++count < Number(order['after'])) return;
    if (take(path, taken) === undefined) return;
    write(taken, JSON.stringify({ operation, file: String(file), count, pid: process.pid }));
    process.kill(process.pid, 'SIGKILL');
    // A signal to oneself may take a moment to arrive.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10_000);
  };
  fs.openSync = (file, flags, ...rest) => {
    const isWritten = isBelow(file) && typeof flags === 'string' && flags !== 'r';
    if (isWritten) reach('open', file);
    const handle = real.openSync(file, flags, ...rest);
    if (isWritten) open.set(handle, String(file));
    else open.delete(handle);
    return handle;
  };
  const onHandle = <Rest extends readonly unknown[], Result>(
    name: string,
    work: (handle: number, ...rest: Rest) => Result,
  ) => {
    return (handle: number, ...rest: Rest) => {
      const file = open.get(handle);
      if (file !== undefined) reach(name, file);
      return work(handle, ...rest);
    };
  };
  fs.writeSync = onHandle(
    'write',
    real.writeSync as (handle: number, ...rest: unknown[]) => number,
  ) as typeof fs.writeSync;
  fs.fsyncSync = onHandle('fsync', real.fsyncSync);
  fs.writeFileSync = (target, ...rest) => {
    const file = typeof target === 'number' ? open.get(target) : target;
    if (file !== undefined && isBelow(file)) reach('write', file);
    return real.writeFileSync(target, ...rest);
  };
  fs.renameSync = (from, to) => {
    if (isBelow(to)) reach('rename', to);
    return real.renameSync(from, to);
  };
  fs.rmSync = (file, ...rest) => {
    if (isBelow(file)) reach('remove', file);
    return real.rmSync(file, ...rest);
  };
  syncBuiltinESMExports();
}

/** The time of day leaps by what the file `clock` holds. */
function followClock(orders: string): void {
  const Original = Date;
  let addMs = 0;
  const now = () => Original.now() + addMs;
  globalThis.Date = new Proxy(Original, {
    construct: (target, given, newTarget) => Reflect.construct(target, given.length === 0 ? [now()] : given, newTarget),
    apply: () => new Original(now()).toString(),
    get: (target, key, receiver) => (key === 'now' ? now : Reflect.get(target, key, receiver)),
  });
  if (!isMainThread) return;
  setInterval(() => {
    const told = Number(read(`${orders}/clock`) ?? 0);
    if (told === addMs || !Number.isFinite(told)) return;
    addMs = told;
    write(`${orders}/taken/clock-${process.pid}`, String(told));
  }, pollMs).unref();
}

function take(from: string, to: string): Readonly<Record<string, unknown>> | undefined {
  try {
    real.renameSync(from, to);
    return parse(read(to));
  } catch {
    return undefined;
  }
}

function parse(text: string | undefined): Readonly<Record<string, unknown>> | undefined {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
}

function read(path: string): string | undefined {
  try {
    return real.readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function write(path: string, text: string): void {
  try {
    real.writeFileSync(path, text);
  } catch {
    // The campaign is over and its folder gone.
  }
}

/** Source: proc(5), field 5 of `/proc/<pid>/stat`. */
function readGroup(): number {
  const stat = read('/proc/self/stat') ?? '';
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2] ?? process.pid);
}
