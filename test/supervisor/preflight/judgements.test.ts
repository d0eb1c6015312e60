import { describe, expect, it, test } from 'vitest';
import type { Finding } from '../../../src/supervisor/preflight/check.js';
import { judgeClock } from '../../../src/supervisor/preflight/check-clock.js';
import { type DiskRoom, judgeDiskRoom } from '../../../src/supervisor/preflight/check-disk-room.js';
import { judgeFileLimit } from '../../../src/supervisor/preflight/check-file-limit.js';
import { judgeGpus, wantedGpus } from '../../../src/supervisor/preflight/check-gpu.js';
import { type Gpu, parseGpus } from '../../../src/supervisor/preflight/parse-gpus.js';
import { exitCodeOfFindings } from '../../../src/supervisor/preflight/run-preflight.js';

const levels = (findings: readonly Finding[]) => findings.map(({ level }) => level);
const GiB = 2 ** 30;

describe('disk room', () => {
  const room: DiskRoom = {
    ...{ folder: '/x', freeBytes: 100 * GiB, freeFiles: undefined },
    ...{ checkpointBytes: 2 * GiB, present: 1, kept: 3 },
  };
  test.each<[string, Partial<DiskRoom>, string[]]>([
    ['plenty', {}, ['ok']],
    ['4 more checkpoints, but no margin', { freeBytes: 8.5 * GiB }, ['warning']],
    ['not even one more checkpoint', { freeBytes: 1.9 * GiB }, ['failure']],
    ['all are there already: one that is being written', { present: 5, freeBytes: 3.1 * GiB }, ['ok']],
    ['an unknown size', { checkpointBytes: undefined, freeBytes: 2 * GiB }, ['ok']],
    ['an unknown size and less than the margin', { checkpointBytes: undefined, freeBytes: GiB / 2 }, ['warning']],
    ['an unknown size and next to nothing', { checkpointBytes: undefined, freeBytes: 2 ** 20 }, ['failure']],
    ['no inodes', { freeFiles: 12 }, ['ok', 'warning']],
  ])('%s', (_, change, expected) => {
    expect(levels(judgeDiskRoom({ ...room, ...change })).sort()).toEqual(expected);
  });
});

describe('GPUs', () => {
  const gpu: Gpu = {
    ...{ index: '0', uuid: 'GPU-a1b2', name: 'NVIDIA H200', degrees: 40 },
    ...{ totalMiB: 1000, usedMiB: 10, eccErrors: 0 },
  };
  test.each<[string, Partial<Gpu>, string, string[]]>([
    ['well', {}, '0', ['ok']],
    ['named by UUID', {}, 'GPU-a1', ['ok']],
    ['knows little of itself', { degrees: undefined, totalMiB: undefined, eccErrors: undefined }, '0', ['ok']],
    ['hot', { degrees: 88 }, '0', ['warning']],
    ['full and broken', { usedMiB: 900, eccErrors: 2 }, '0', ['warning', 'warning']],
    ['another than is wanted', {}, '0,1', ['failure']],
  ])('%s', (_, change, visible, expected) => {
    expect(levels(judgeGpus([{ ...gpu, ...change }], wantedGpus(visible), true))).toEqual(expected);
  });

  it('reads what nvidia-smi prints, and nothing from what it does not know', () => {
    const text =
      '0, GPU-1f2e, NVIDIA H200, 27, 143771, 1, 0\n1, GPU-3c4d, GeForce RTX 3060, 55, 12288, 11000, [N/A]\n\nwarning: x\n';
    expect(parseGpus(text)).toEqual([
      {
        ...{ index: '0', uuid: 'GPU-1f2e', name: 'NVIDIA H200' },
        ...{ degrees: 27, totalMiB: 143771, usedMiB: 1, eccErrors: 0 },
      },
      {
        ...{ index: '1', uuid: 'GPU-3c4d', name: 'GeForce RTX 3060' },
        ...{ degrees: 55, totalMiB: 12288, usedMiB: 11000, eccErrors: undefined },
      },
    ]);
  });

  it('wants none of an empty variable', () => {
    expect([wantedGpus(undefined), wantedGpus(''), wantedGpus('-1'), wantedGpus('0, 2')]).toEqual([
      [],
      [],
      [],
      ['0', '2'],
    ]);
  });
});

describe('clock', () => {
  const at = (text: string) => new Date(`2026-03-01T${text}Z`);
  test.each<[string, Parameters<typeof judgeClock>[0], string[]]>([
    ['in order', { now: at('12:00'), built: at('11:00'), written: [{ path: '/x', time: at('12:00:30') }] }, ['ok']],
    ['unknown installation', { now: at('12:00'), built: undefined, written: [] }, ['ok']],
    ['before the installation', { now: at('12:00'), built: at('13:00'), written: [] }, ['warning']],
    [
      'files of the future',
      { now: at('12:00'), built: at('11:00'), written: [{ path: '/x', time: at('12:02') }] },
      ['warning'],
    ],
  ])('%s', (_, facts, expected) => {
    expect(levels(judgeClock(facts))).toEqual(expected);
  });
});

test('open files: few are worth a warning', () => {
  expect([1024, 65536, Number.POSITIVE_INFINITY].map((limit) => levels(judgeFileLimit(limit))[0])).toEqual([
    'warning',
    'ok',
    'ok',
  ]);
});

test('the exit code is the one of what has to be done first', () => {
  const blamed = (...blames: NonNullable<Finding['blame']>[]) =>
    exitCodeOfFindings(blames.map((blame) => ({ level: 'failure', what: 'x', blame })));
  expect([
    blamed(),
    blamed('machine'),
    blamed('machine', 'experiment'),
    blamed('lock'),
    blamed('lock', 'machine'),
  ]).toEqual([0, 69, 78, 79, 69]);
});
