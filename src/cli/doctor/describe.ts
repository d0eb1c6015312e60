import { alignColumns, formatBytes } from '../format.js';
import { adviseFaster, chooseBackend } from './advise.js';
import type { Machine } from './machine.js';

/** The doctor's findings as text. Pure. */
export function describeMachine(machine: Machine): string[] {
  const { node, platform, processors, memory, gpus, python, native, backends } = machine;
  const choice = chooseBackend(backends);
  const advice = adviseFaster(machine);
  const facts = [
    ['Node', `${node} on ${platform}`],
    ['processor', `${processors.count} × ${processors.model}`],
    ['memory', `${formatBytes(memory.totalBytes)}, ${formatBytes(memory.freeBytes)} free`],
    [
      'GPU',
      gpus.map(({ index, name, totalMiB }) => `${index}: ${name}, ${totalMiB ?? '?'} MiB`).join('; ') ||
        'none that nvidia-smi knows',
    ],
    ['Python', 'problem' in python ? python.problem : `${python.python}, TensorFlow ${python.version}`],
    ...(native === undefined
      ? []
      : [
          [
            'native',
            `${native.kind === 'own' ? 'built' : 'downloaded'} ${native.built_at}, TensorFlow ${native.tensorflow}`,
          ],
        ]),
  ];
  const found = backends.map((backend) =>
    backend.works
      ? ['✓', backend.name, `${backend.device}; started and checked in ${(backend.startMs / 1000).toFixed(1)} s`]
      : ['–', backend.name, backend.reason],
  );
  return [
    ...alignColumns(facts),
    '',
    ...alignColumns(found),
    '',
    `A training runs on ${choice.name ?? 'nothing'}: ${choice.reason}.`,
    ...(advice.length === 0 ? ['Nothing would make it faster here.'] : advice.map((line) => `→ ${line}`)),
  ];
}

/** The same for programs. Pure. */
export function machineAsJson(machine: Machine): object {
  const { name, reason } = chooseBackend(machine.backends);
  return { ...machine, chosen: name ?? null, reason, advice: adviseFaster(machine) };
}
