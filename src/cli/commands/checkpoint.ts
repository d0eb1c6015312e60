import { existsSync, mkdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import {
  diffTensors,
  exportSafetensors,
  importSafetensors,
  listCheckpoints,
  openTensorFile,
  verifyCheckpoint,
} from '../../checkpoint/index.js';
import { ExitCode, SuperviseError } from '../../protocol/index.js';
import { describeDifference } from '../checkpoint/describe-difference.js';
import { findCheckpoint, findCheckpointDir } from '../checkpoint/find-checkpoint.js';
import { describeCheckpoints, describeInCells } from '../checkpoint/list-checkpoints.js';
import {
  describeRemoteList,
  listRemoteCheckpoints,
  pullFromRemote,
  pushToRemote,
} from '../checkpoint/remote-actions.js';
import { describeRows, summarizeFile } from '../checkpoint/show-checkpoint.js';
import { runsDirOption, usualRunsDir } from '../find-run.js';
import { alignColumns, formatBytes } from '../format.js';
import type { Command, CommandLine } from './command.js';

/** `supervise checkpoint`: looks into checkpoints, compares and converts them. */
export const checkpoint: Command = {
  name: 'checkpoint',
  operands: '<action> [arguments] [flags]',
  about: `Actions:
  ls [run | directory]            the checkpoints there
  show [checkpoint] [part]        tensors (whose names hold a part) with their statistics
  verify [checkpoint | run | directory]   every byte against its checksum; all checkpoints of a run or directory
  diff <checkpoint> <checkpoint>  which tensors differ, and by how much
  export <checkpoint> <file>      to a .safetensors file
  import <file> <prefix>          from a .safetensors file
  push [run | experiment.json]    the newest and the best one to the remote store of the run
  pull [run | experiment.json]    the newest good one from there, into the checkpoint directory

A checkpoint is named by its path (…/ckpt-3), or by a run or directory, whose newest one is meant. show and diff read
.safetensors files too.`,
  options: {
    full: { type: 'boolean', describe: 'With ls: read every byte too' },
    remote: { type: 'boolean', describe: 'With ls: what is at the remote store of the run' },
    force: { type: 'boolean', describe: 'With export and import: replace what is there; with pull: set it aside' },
    json: { type: 'boolean', describe: 'JSON instead of text: with ls, show, verify and diff' },
    ...runsDirOption,
  },
  mostOperands: 3,
  exitCodes:
    '0 (diff: equal), 1 diff: different, 65 damaged or missing, 66 no such run, 69 the remote store does not do it, 79 the run is in use',
  run: async (line) => {
    const [word = ''] = line.operands;
    const action = actions[word];
    if (action !== undefined) return action(line, line.text('runs-dir') ?? usualRunsDir);
    throw new SuperviseError('USAGE', {
      what: word === '' ? 'an action is missing' : `there is no action "${word}"`,
      expected: `supervise checkpoint ${Object.keys(actions).join(' | ')}`,
    });
  },
};

type Action = (line: CommandLine, runsDir: string) => Promise<number>;

/** Exit code of `diff` for files that differ, as that of diff(1). */
const different = 1;

const actions: Readonly<Record<string, Action>> = {
  ls: async ({ operands: [, named], flag }, runsDir) => {
    if (flag('remote')) {
      const there = await listRemoteCheckpoints(named, runsDir);
      print(flag('json') ? [asJson(there)] : describeRemoteList(there));
      return ExitCode.ok;
    }
    const listed = describeCheckpoints(await findCheckpointDir(named, runsDir), flag('full') ? 'full' : 'quick');
    print(flag('json') ? [asJson(listed)] : alignColumns(listed.map(describeInCells)));
    for (const { name, reason } of listed) if (reason !== undefined) process.stderr.write(`${name}: ${reason}\n`);
    return ExitCode.ok;
  },
  show: async ({ operands: [, named, part], flag }, runsDir) => {
    const rows = summarizeFile(await findCheckpoint(named, runsDir), part);
    print(flag('json') ? [asJson(rows)] : alignColumns(describeRows(rows)));
    return ExitCode.ok;
  },
  verify: async ({ operands: [, named], flag }, runsDir) => {
    const verdicts = (await findAll(named, runsDir)).map((path) => ({ path, ...verifyCheckpoint(path, 'full') }));
    const describe = (verdict: (typeof verdicts)[number]) =>
      verdict.ok
        ? `${verdict.path}: in order, ${verdict.tensors} tensors, ${formatBytes(verdict.bytes)}`
        : `${verdict.path}: damaged: ${verdict.reason}`;
    print(flag('json') ? [asJson(verdicts)] : verdicts.map(describe));
    return verdicts.every(({ ok }) => ok) ? ExitCode.ok : ExitCode.data;
  },
  diff: async ({ operands: [, first, second], flag }, runsDir) => {
    if (first === undefined || second === undefined) throw missing('diff <checkpoint> <checkpoint>');
    const left = openTensorFile(await findCheckpoint(first, runsDir));
    const right = openTensorFile(await findCheckpoint(second, runsDir));
    const found = [...diffTensors(left, right)];
    const shapeOf = (name: string) => left.entries.get(name)?.shape ?? [];
    const lines = found.map((difference) => describeDifference(difference, shapeOf(difference.name)));
    const verdict = found.length === 0 ? 'equal' : `${found.length} of ${left.names.length} tensors differ`;
    print(flag('json') ? [asJson({ equal: found.length === 0, differences: found })] : [...lines, verdict]);
    return found.length === 0 ? ExitCode.ok : different;
  },
  export: async ({ operands: [, named, target], flag }, runsDir) => {
    if (named === undefined || target === undefined) throw missing('export <checkpoint> <file.safetensors>');
    assertFree(target, flag('force'));
    mkdirSync(dirname(resolve(target)), { recursive: true });
    const { tensors, bytes, leftOut } = exportSafetensors(await findCheckpoint(named, runsDir), resolve(target));
    print([`Wrote ${target}: ${tensors} tensors, ${formatBytes(bytes)}`]);
    for (const name of leftOut) process.stderr.write(`left out, for safetensors has no such type: ${name}\n`);
    return ExitCode.ok;
  },
  push: async ({ operands: [, named] }, runsDir) => {
    print(await pushToRemote(named, runsDir));
    return ExitCode.ok;
  },
  pull: async ({ operands: [, named], flag }, runsDir) => {
    print(await pullFromRemote(named, runsDir, flag('force')));
    return ExitCode.ok;
  },
  import: async ({ operands: [, source, prefix], flag }) => {
    if (source === undefined || prefix === undefined) throw missing('import <file.safetensors> <prefix>');
    assertFree(`${prefix}.index`, flag('force'));
    mkdirSync(dirname(resolve(prefix)), { recursive: true });
    const { tensors, bytes } = importSafetensors(resolve(source), resolve(prefix));
    print([`Wrote ${prefix}.index and its data: ${tensors} tensors, ${formatBytes(bytes)}`]);
    return ExitCode.ok;
  },
};

/** A checkpoint by itself, or all of a run or directory. */
async function findAll(named: string | undefined, runsDir: string): Promise<string[]> {
  const isOne = named !== undefined && existsSync(`${resolve(named.replace(/\.index$/, ''))}.index`);
  if (isOne || /(^|\/)(ckpt|partial)-[\d-]+$/.test(named ?? '')) return [await findCheckpoint(named, runsDir)];
  const directory = await findCheckpointDir(named, runsDir);
  const all = listCheckpoints(directory).map(({ name }) => join(directory, name));
  if (all.length > 0) return all;
  throw new SuperviseError('CHECKPOINT_MISSING', { what: 'there is no checkpoint', where: directory });
}

function assertFree(path: string, force: boolean): void {
  if (force || !existsSync(path)) return;
  throw new SuperviseError('USAGE', { what: 'there is such a file already', where: path, hint: '--force replaces it' });
}

function missing(usage: string): SuperviseError {
  return new SuperviseError('USAGE', { what: 'an argument is missing', expected: `supervise checkpoint ${usage}` });
}

function print(lines: readonly string[]): void {
  process.stdout.write(lines.map((text) => `${text}\n`).join(''));
}

/** JSON has neither NaN nor infinities: they are strings. */
function asJson(value: unknown): string {
  return JSON.stringify(
    value,
    (_, part) => (typeof part === 'number' && !Number.isFinite(part) ? String(part) : part),
    2,
  );
}
