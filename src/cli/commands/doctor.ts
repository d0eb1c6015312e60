import { ExitCode } from '../../protocol/index.js';
import type { BackendName } from '../../trainer/backends/backend.js';
import { buildNative } from '../../trainer/backends/native/build-native.js';
import { type ProbedBackend, probeBackend } from '../../trainer/backends/probe-backend.js';
import { chooseBackend, isFixable } from '../doctor/advise.js';
import { describeMachine, machineAsJson } from '../doctor/describe.js';
import { inspectMachine, type Machine } from '../doctor/machine.js';
import { describeRecord } from '../native.js';
import type { Command } from './command.js';

const names: readonly BackendName[] = ['tensorflow', 'webgpu', 'wasm', 'cpu'];

/** `supervise doctor`: which backends work here, which one a training takes, and what would make it faster. */
export const doctor: Command = {
  name: 'doctor',
  operands: '[flags]',
  about:
    'Starts each backend in a process of its own and checks its gradients. --fix builds the binding to the TensorFlow of your Python (SUPERVISE_PYTHON, or the first on the path), as npm run native does.',
  options: {
    fix: { type: 'boolean', describe: 'Build the native backend when that would make a training faster' },
    json: { type: 'boolean', describe: 'One JSON object: machine, backends, chosen, reason, advice' },
  },
  mostOperands: 0,
  exitCodes: '0 a backend works, 69 none does, or it cannot be built',
  run: async ({ flag }) => {
    let machine = await look();
    if (flag('fix') && isFixable(machine)) {
      const record = await buildNative({ log: (line) => process.stderr.write(`${line}\n`) });
      process.stderr.write(`${describeRecord(record)}\n`);
      machine = await look();
    }
    const lines = flag('json') ? [JSON.stringify(machineAsJson(machine), null, 2)] : describeMachine(machine);
    process.stdout.write(`${lines.join('\n')}\n`);
    return chooseBackend(machine.backends).name === undefined ? ExitCode.gaveUp : ExitCode.ok;
  },
};

/** One after the other: side by side they would slow each other down. */
async function look(): Promise<Machine> {
  const machine = await inspectMachine();
  const backends: ProbedBackend[] = [];
  for (const name of names) backends.push(await probeBackend(name));
  return { ...machine, backends };
}
