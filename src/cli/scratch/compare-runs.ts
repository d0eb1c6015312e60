import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Difference, diffTensors, indexPath, openBundle } from '../../checkpoint/index.js';
import { describeDifference } from '../checkpoint/describe-difference.js';
import { compareFiles } from './compare-files.js';
import { diffValues, type Finding, judgePart, type PartDifference, unknownPart } from './finding.js';
import { journalOf, metricsOf, type ScratchRun } from './scratch-run.js';

/** Keys that tell the time of day or how long something took: two unbroken runs differ in them. */
const timeKeys =
  /^(time|timestamp|date|saved_at|started_at|updated_at)$|(^|_)(elapsed|duration|seconds|secs|ms|throughput)($|_)/i;

const stateTensor = '_supervise/training_state/.ATTRIBUTES/VARIABLE_VALUE';

/** Compares everything that two runs of the same experiment have recorded, part by part. */
export function compareRuns(left: ScratchRun, right: ScratchRun, epochs: number, tolerance: number): Finding[] {
  const names = Array.from({ length: epochs }, (_, index) => `ckpt-${index + 1}`);
  const ours = names.filter((name) => existsSync(indexPath(join(left.checkpointDir, name))));
  return [
    ...(ours.length > 0
      ? compareCheckpoints(left, right, ours, tolerance)
      : compareFiles(left, right, tolerance, timeKeys)),
    compareMetrics(left, right, tolerance),
    compareHistory(left, right, tolerance),
  ];
}

/** Parts of the reference trainer's checkpoints, by the tensors' names. */
const tensorParts: readonly (readonly [part: string, names: RegExp])[] = [
  ['optimizer slots', /\/\.OPTIMIZER_SLOT\//],
  ['step counts', /(^|\/)(iterations|save_counter)\//],
  ['learning rate', /\/learning_rate\//],
  ['weights', /./],
];

/** Keys of the training state. Random numbers and the order of the data are functions of seed, epoch and step. */
const stateParts: readonly (readonly [part: string, keys: readonly string[]])[] = [
  ['position', ['epoch', 'step', 'globalStep']],
  ['data order', ['seed']],
  ['best score', ['bestEpoch', 'bestScore', 'bestMonitored']],
  ['patience', ['epochsWithoutImprovement']],
  ['loss weights', ['balance']],
];

function compareCheckpoints(
  left: ScratchRun,
  right: ScratchRun,
  names: readonly string[],
  tolerance: number,
): Finding[] {
  const found = new Map<string, PartDifference[]>();
  const add = (part: string, difference: PartDifference) => found.set(part, [...(found.get(part) ?? []), difference]);
  let count = 0;
  for (const name of names) {
    if (!existsSync(indexPath(join(right.checkpointDir, name)))) {
      add('weights', { what: `${name} is missing in the ${right.name} run`, distance: Number.POSITIVE_INFINITY });
      continue;
    }
    const [here, there] = [left, right].map(({ checkpointDir }) => openBundle(join(checkpointDir, name)));
    if (here === undefined || there === undefined) continue;
    try {
      count += here.names.length;
      for (const difference of diffTensors(here, there)) {
        if (difference.name === stateTensor) continue;
        const shape = here.entries.get(difference.name)?.shape ?? [];
        add(partOf(difference.name), {
          what: `${name}: ${describeDifference(difference, shape)}`,
          distance: distanceOf(difference),
        });
      }
      const [stateHere, stateThere] = [readState(here), readState(there)];
      for (const key of new Set([...Object.keys(stateHere), ...Object.keys(stateThere)])) {
        const part = stateParts.find(([, keys]) => keys.includes(key))?.[0] ?? 'rest of the state';
        for (const one of diffValues(stateHere[key], stateThere[key], key, timeKeys))
          add(part, { ...one, what: `${name}: ${one.what}` });
      }
    } finally {
      here.close();
      there.close();
    }
  }
  const parts = [
    ...[...tensorParts].reverse().map(([part]) => part),
    ...stateParts.map(([part]) => part),
    'rest of the state',
  ];
  const compared = `${names.length} checkpoints, ${count} tensors`;
  return parts.map((part) => judgePart(part, part === 'weights' ? compared : '', found.get(part) ?? [], tolerance));
}

function partOf(name: string): string {
  return tensorParts.find(([, names]) => names.test(name))?.[0] ?? 'weights';
}

function distanceOf(difference: Difference): number {
  return difference.kind === 'values' ? difference.maxAbsolute : Number.POSITIVE_INFINITY;
}

function readState(bundle: ReturnType<typeof openBundle>): Record<string, unknown> {
  if (!bundle.has(stateTensor)) return {};
  const { data } = bundle.read(stateTensor);
  return JSON.parse(new TextDecoder().decode(data instanceof Uint8Array ? data : data[0]));
}

function compareMetrics(left: ScratchRun, right: ScratchRun, tolerance: number): Finding {
  const [here, there] = [metricsOf(left), metricsOf(right)];
  if (here === undefined && there === undefined) return unknownPart('metrics', 'no metrics.jsonl in the run directory');
  const epochs = [...new Set([...(here?.keys() ?? []), ...(there?.keys() ?? [])])].sort((a, b) => a - b);
  const differences = epochs.flatMap((epoch) => [
    ...diffValues(here?.get(epoch), there?.get(epoch), `epoch ${epoch}`, timeKeys),
  ]);
  return judgePart('metrics', `${epochs.length} epochs`, differences, tolerance);
}

/** What `epoch_info.json` said after each epoch that both journals have: a supervisor may see two fast epochs as one. */
function compareHistory(left: ScratchRun, right: ScratchRun, tolerance: number): Finding {
  const [here, there] = [historyOf(left), historyOf(right)];
  const epochs = [...here.keys()].filter((epoch) => there.has(epoch)).sort((a, b) => a - b);
  if (epochs.length === 0) return unknownPart('epoch_info', 'no epoch is recorded in both journals');
  const differences = epochs.flatMap((epoch) => [
    ...diffValues(here.get(epoch), there.get(epoch), `epoch ${epoch}`, timeKeys),
  ]);
  return judgePart('epoch_info', `${epochs.length} epochs`, differences, tolerance);
}

/** Of an epoch that was done twice the last word. */
function historyOf(scratch: ScratchRun): Map<number, Readonly<Record<string, unknown>>> {
  const entries = journalOf(scratch).filter((entry) => entry.event === 'epoch_completed');
  return new Map(
    entries.flatMap(({ epoch, epoch_info: info }) => (info === undefined ? [] : [[epoch, info] as const])),
  );
}
