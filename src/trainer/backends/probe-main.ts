// A process of its own for looking at one backend: what fails here, even by a signal, fails nothing else.
// node probe-main.js <backend> [samples]: with a number of samples, the whole op suite runs too. Prints one line of JSON.
import type { BackendName } from './backend.js';
import { checkOp, type OpResult } from './op-suite/check-op.js';
import { opCases } from './op-suite/op-cases.js';
import { startBackend } from './select-backend.js';

const [name, samples] = process.argv.slice(2);

try {
  const startedAtMs = performance.now();
  const { device, version, isGpu } = await startBackend(name as BackendName);
  const startMs = performance.now() - startedAtMs;
  const ops: OpResult[] = [];
  if (samples !== undefined) for (const opCase of opCases) ops.push(await checkOp(opCase, Number(samples)));
  end({ works: true, name, device, version, isGpu: isGpu === true, startMs, ops });
} catch (error) {
  end({ works: false, name, reason: (error as Error).message.split('\n')[0] });
}

/** Native libraries may keep a process alive, or fail while they are unloaded. */
function end(result: object): void {
  process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));
}
