import { closeSync, openSync, readdirSync, readFileSync, readSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type Difference, diffTensors, openTensorFile, readZipMembers } from '../../checkpoint/index.js';
import { describeDifference } from '../checkpoint/describe-difference.js';
import { diffValues, type Finding, judgePart, type PartDifference, unknownPart } from './finding.js';
import type { ScratchRun } from './scratch-run.js';

/**
 * Compares the files that a trainer of somebody else left in its checkpoint directory: tensor by tensor where the format is one
 * we read (safetensors, TensorFlow), member by member in zip archives (torch), by content in JSON, byte by byte otherwise.
 */
export function compareFiles(left: ScratchRun, right: ScratchRun, tolerance: number, timeKeys: RegExp): Finding[] {
  const [here, there] = [listFiles(left.checkpointDir), listFiles(right.checkpointDir)];
  const names = [...new Set([...here, ...there])].sort(naturally);
  if (names.length === 0)
    return [unknownPart('checkpoints', 'the trainer left no files in SUPERVISE_CHECKPOINT_DIR but epoch_info.json')];
  const opaque: string[] = [];
  const differences = names.flatMap((name): PartDifference[] => {
    if (!here.includes(name))
      return [{ what: `${name}: only in the ${right.name} run`, distance: Number.POSITIVE_INFINITY }];
    if (!there.includes(name))
      return [{ what: `${name}: only in the ${left.name} run`, distance: Number.POSITIVE_INFINITY }];
    const paths = [join(left.checkpointDir, name), join(right.checkpointDir, name)] as const;
    if (isSameBytes(...paths)) return [];
    const found = compareContent(...paths, timeKeys);
    if (found === undefined) opaque.push(name);
    return (found ?? [{ what: 'other bytes', distance: Number.POSITIVE_INFINITY }]).map((one) => ({
      ...one,
      what: `${name}: ${one.what}`,
    }));
  });
  const finding = judgePart('checkpoints', `${names.length} files`, differences, tolerance);
  if (opaque.length === 0) return [finding];
  const detail = `${opaque.join(', ')}: other bytes in a format that is not read; whether the state differs is not known`;
  return [finding, unknownPart('inside of files', detail)];
}

/** What differs within two files of one of the formats that are read; undefined for any other format. */
function compareContent(left: string, right: string, timeKeys: RegExp): PartDifference[] | undefined {
  try {
    if (/\.(safetensors|index)$/.test(left))
      return compareTensors(left.replace(/\.index$/, ''), right.replace(/\.index$/, ''));
    if (left.endsWith('.json'))
      return [
        ...diffValues(JSON.parse(readFileSync(left, 'utf8')), JSON.parse(readFileSync(right, 'utf8')), '', timeKeys),
      ];
    return compareArchives(left, right);
  } catch {
    return undefined;
  }
}

function compareTensors(left: string, right: string): PartDifference[] {
  const [here, there] = [openTensorFile(left), openTensorFile(right)];
  try {
    const distance = (one: Difference) => (one.kind === 'values' ? one.maxAbsolute : Number.POSITIVE_INFINITY);
    return [...diffTensors(here, there)].map((one) => ({
      what: describeDifference(one, here.entries.get(one.name)?.shape ?? []),
      distance: distance(one),
    }));
  } finally {
    here.close();
    there.close();
  }
}

/** Members are told apart by their checksums; the first folder of a name is the archive's own name. */
function compareArchives(left: string, right: string): PartDifference[] | undefined {
  const [here, there] = [readMembers(left), readMembers(right)];
  if (here === undefined || there === undefined) return undefined;
  return [...new Set([...here.keys(), ...there.keys()])]
    .sort(naturally)
    .flatMap((name) =>
      here.get(name) === there.get(name) ? [] : [{ what: `member ${name}`, distance: Number.POSITIVE_INFINITY }],
    );
}

/** Undefined for what is no archive, or one without checksums. */
function readMembers(path: string): Map<string, string> | undefined {
  const members = readZipMembers(path);
  if (members === undefined || members.every(({ crc }) => crc === 0)) return undefined;
  // torch writes an identifier of the file's content and name.
  const kept = members.filter(({ name }) => !name.endsWith('/.data/serialization_id'));
  return new Map(kept.map(({ name, crc, bytes }) => [name.slice(name.indexOf('/') + 1), `${crc} ${bytes}`]));
}

const ownNames = /^(epoch_info\.json|checkpoint|\.lock.*|quarantine|previous)$/;

function listFiles(directory: string): string[] {
  const names = readdirSync(directory, { recursive: true }).map(String);
  return names.filter((name) => {
    const [first = ''] = name.split('/');
    return !ownNames.test(first) && !/\.tmp$|^\.?tmp/.test(basename(name)) && statSync(join(directory, name)).isFile();
  });
}

function isSameBytes(left: string, right: string): boolean {
  const { size } = statSync(left);
  if (statSync(right).size !== size) return false;
  const [here, there] = [openSync(left, 'r'), openSync(right, 'r')];
  try {
    const [a, b] = [Buffer.alloc(1024 * 1024), Buffer.alloc(1024 * 1024)];
    for (let at = 0; at < size; ) {
      const count = readSync(here, a, 0, a.length, at);
      if (count === 0 || readSync(there, b, 0, count, at) !== count) return false;
      if (Buffer.compare(a.subarray(0, count), b.subarray(0, count)) !== 0) return false;
      at += count;
    }
    return true;
  } finally {
    closeSync(here);
    closeSync(there);
  }
}

/** `ckpt-2` before `ckpt-10`. */
function naturally(left: string, right: string): number {
  return left.localeCompare(right, 'en', { numeric: true });
}
