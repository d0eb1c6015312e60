import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openReader } from '../../../src/checkpoint/foreign/positioned-reader.js';
import { findMemberData, readZipDirectory } from '../../../src/checkpoint/foreign/zip.js';
import { verifyForeign } from '../../../src/checkpoint/index.js';
import { fc } from '../../fast-check.js';
import { commitEpoch } from '../support.js';

const fixtures = new URL('../../fixtures/foreign/', import.meta.url);
const good = (name: string) => readFileSync(new URL(name, fixtures));

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'foreign-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Puts files into the fresh folder; a text that names a fixture is a copy of it. */
function lay(files: Readonly<Record<string, string | Uint8Array>>): string {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    if (typeof content === 'string' && content.startsWith('fixture:'))
      copyFileSync(new URL(content.slice('fixture:'.length), fixtures), join(folder, name));
    else writeFileSync(join(folder, name), content);
  }
  return folder;
}

const reasonOf = (path: string, mode?: 'quick' | 'full') => {
  const verdict = verifyForeign(path, mode);
  return verdict.ok ? undefined : verdict.reason;
};

describe('files that torch, safetensors, numpy and h5py wrote', () => {
  test.each([
    ['torch-zip.pt', 'zip', 'checksums of all'],
    ['torch-without-checksums.pt', 'zip', 'places of all'],
    ['torch-old.pt', 'pickle', 'magic number'],
    ['model.safetensors', 'safetensors', '4 tensors'],
    ['arrays.npz', 'zip', 'checksums of all'],
    ['old.h5', 'hdf5', 'superblock'],
    ['new.h5', 'hdf5', 'superblock'],
  ])('%s is good, whatever its name', (name, format, checked) => {
    lay({ [name]: `fixture:${name}`, nameless: `fixture:${name}` });
    for (const path of [name, 'nameless'])
      for (const mode of ['full', 'quick'] as const)
        expect(verifyForeign(join(folder, path), mode)).toMatchObject({ ok: true, format });
    expect(verifyForeign(join(folder, name))).toMatchObject({ checked: expect.stringContaining(checked) });
  });

  test.each(['torch-zip.pt', 'torch-without-checksums.pt', 'model.safetensors', 'arrays.npz', 'old.h5', 'new.h5'])(
    '%s cut short at any byte is damaged, quick or not',
    (name) => {
      lay({ [name]: `fixture:${name}` });
      const path = join(folder, name);
      for (let length = good(name).length - 1; length >= 0; length -= 7) {
        truncateSync(path, length);
        expect(reasonOf(path, 'quick'), `cut at ${length}`).toBeDefined();
      }
    },
  );

  test('an old pickle cut within its first bytes, and a new one cut anywhere', () => {
    lay({
      'old.pt': good('torch-old.pt').subarray(0, 15),
      'new.pkl': Buffer.from('80049503000000000000004d0b', 'hex'),
    });
    expect(reasonOf(join(folder, 'old.pt'))).toBe('nothing follows its magic number');
    expect(reasonOf(join(folder, 'new.pkl'))).toBe('it does not end as a pickle does: it is cut short');
  });

  test.each(['torch-zip.pt', 'arrays.npz'])('a flipped bit in any member of %s is found', (name) => {
    lay({ [name]: `fixture:${name}` });
    const path = join(folder, name);
    const reader = openReader(path);
    const { members, directoryOffset } = readZipDirectory(reader);
    const places = members.flatMap((member) => {
      const start = findMemberData(reader, member, directoryOffset);
      return Array.from({ length: member.storedBytes }, (_, index) => start + index);
    });
    reader.close();
    const bytes = good(name);
    const missed: number[] = [];
    for (let index = 0; index < places.length; index += 5) {
      const at = places[index] ?? 0;
      const bad = Buffer.from(bytes);
      bad[at] = (bad[at] ?? 0) ^ (1 << (index % 8));
      writeFileSync(path, bad);
      const reason = reasonOf(path);
      if (reason === undefined) missed.push(at);
      else expect(reason, `flipped at ${at}`).toMatch(/checksum|cannot be unpacked|instead of/);
    }
    // The last bits of a packed member fill up a byte and mean nothing.
    expect(missed.length, `missed at ${missed}`).toBeLessThanOrEqual(name === 'arrays.npz' ? members.length : 0);
  });

  test('a flipped bit in a safetensors header is found; among the tensors there is nothing to find it by', () => {
    const bytes = good('model.safetensors');
    const path = join(folder, 'model.safetensors');
    const flip = (at: number) => {
      const bad = Buffer.from(bytes);
      bad[at] = (bad[at] ?? 0) ^ 0x10;
      writeFileSync(path, bad);
      return reasonOf(path);
    };
    for (const at of [0, 1, 3, 8, bytes.indexOf('data_offsets') + 16])
      expect(flip(at), `flipped at ${at}`).toBeDefined();
    expect(flip(bytes.length - 2)).toBeUndefined();
  });

  test('an HDF5 file that was never closed, or whose first bytes are gone', () => {
    const open = Buffer.from(good('new.h5'));
    open[8] = 3;
    open[11] = 1;
    lay({ 'open.h5': open, 'gone.h5': Buffer.alloc(4000) });
    expect(reasonOf(join(folder, 'open.h5'))).toBe('it was not closed: its writer died');
    expect(reasonOf(join(folder, 'gone.h5'))).toBe('it does not begin as an HDF5 file does');
  });

  test('an HDF5 file behind a block of its user', () => {
    lay({ 'user.h5': Buffer.concat([Buffer.alloc(512), good('old.h5')]) });
    expect(verifyForeign(join(folder, 'user.h5')).ok).toBe(true);
  });
});

describe('what any format has in common', () => {
  test.each(['a.pt', 'a.bin', 'a.safetensors', 'a.whatever'])('an empty %s is damaged', (name) => {
    lay({ [name]: '' });
    expect(reasonOf(join(folder, name))).toMatch(/empty|ends at 0/);
  });

  test('zeros are what a crash leaves of a file', () => {
    lay({ 'a.pt': Buffer.alloc(100), 'b.safetensors': Buffer.alloc(100), 'c.npz': Buffer.alloc(100) });
    for (const name of ['a.pt', 'b.safetensors', 'c.npz']) expect(reasonOf(join(folder, name)), name).toBeDefined();
  });

  test('what we do not know is trusted when it is there and not empty', () => {
    lay({ 'model.xyz': 'anything' });
    expect(verifyForeign(join(folder, 'model.xyz'))).toMatchObject({ ok: true, format: 'unknown' });
    expect(reasonOf(join(folder, 'nothing'))).toBe('there is no such file');
  });

  test('garbage behind any beginning is a verdict and never an error', () => {
    const heads = ['torch-zip.pt', 'torch-old.pt', 'model.safetensors', 'old.h5', 'new.h5'].map((name) => good(name));
    const path = join(folder, 'garbage');
    fc.assert(
      fc.property(fc.constantFrom(...heads), fc.nat(400), fc.uint8Array({ maxLength: 300 }), (head, kept, garbage) => {
        writeFileSync(
          path,
          Buffer.concat([head.subarray(0, kept), garbage, head.subarray(head.length - 22 * (kept % 2))]),
        );
        return typeof verifyForeign(path).ok === 'boolean';
      }),
      { numRuns: 400 },
    );
  });

  test('the prefix of a TensorFlow checkpoint', () => {
    commitEpoch(folder, 1);
    expect(verifyForeign(join(folder, 'ckpt-1'))).toMatchObject({ ok: true, format: 'tensorflow' });
    truncateSync(join(folder, 'ckpt-1.data-00000-of-00001'), 3);
    expect(reasonOf(join(folder, 'ckpt-1'))).toContain('ends before');
  });
});

describe('folders', () => {
  test('every file of a known format in them is looked at', () => {
    lay({
      'step/model.safetensors': 'fixture:model.safetensors',
      'step/optimizer.pt': 'fixture:torch-zip.pt',
      'step/state.json': '{}',
    });
    expect(verifyForeign(join(folder, 'step'))).toMatchObject({ ok: true, format: 'folder', checked: '2 files' });
    truncateSync(join(folder, 'step/optimizer.pt'), 4000);
    expect(reasonOf(join(folder, 'step'))).toBe('optimizer.pt: it does not end as a zip archive does: it is cut short');
    mkdirSync(join(folder, 'empty'));
    expect(reasonOf(join(folder, 'empty'))).toBe('empty is empty');
  });

  const index = JSON.stringify({
    weight_map: { a: 'model-00001-of-00002.safetensors', b: 'model-00002-of-00002.safetensors' },
  });
  test.each(['model.safetensors.index.json', 'pytorch_model.bin.index.json'])('%s names every shard', (name) => {
    lay({ [name]: index, 'model-00001-of-00002.safetensors': 'fixture:model.safetensors' });
    const expected = `${name} names 2 shards, and model-00002-of-00002.safetensors is missing`;
    expect(reasonOf(folder)).toBe(expected);
    expect(reasonOf(join(folder, name))).toBe(expected);
    lay({ 'model-00002-of-00002.safetensors': 'fixture:model.safetensors' });
    expect(reasonOf(folder)).toBeUndefined();
    lay({ [name]: index.slice(0, 30) });
    expect(reasonOf(folder)).toMatch(/is no JSON/);
  });

  test('DeepSpeed: the folder that latest names, every rank, and the model', () => {
    const rank = (number: number) => `global_step9/zero_pp_rank_${number}_mp_rank_00_optim_states.pt`;
    lay({ latest: 'global_step9\n', [rank(0)]: 'fixture:torch-zip.pt', [rank(2)]: 'fixture:torch-zip.pt' });
    expect(reasonOf(folder)).toBe('the optimizer states of rank 1 are missing in global_step9');
    lay({ [rank(1)]: 'fixture:torch-zip.pt' });
    expect(reasonOf(folder)).toBe('the model states are missing in global_step9');
    lay({ 'global_step9/mp_rank_00_model_states.pt': 'fixture:torch-zip.pt' });
    expect(reasonOf(folder)).toBeUndefined();
    lay({ latest: 'global_step12' });
    expect(reasonOf(folder)).toBe('latest names global_step12, which is not there');
  });

  test('torch.distributed: .metadata is the commit', () => {
    lay({ '__0_0.distcp': 'anything' });
    expect(reasonOf(folder)).toMatch(/has no \.metadata: it was never committed/);
    lay({ '.metadata': 'anything' });
    expect(reasonOf(folder)).toBeUndefined();
  });

  test('orbax: temporary names are no commit, metadata is JSON, and no manifest is empty', () => {
    lay({
      '9/_CHECKPOINT_METADATA': '{"init_timestamp_nsecs": 1}',
      '9/state/manifest.ocdbt': 'm',
      '9/state/_METADATA': '{}',
    });
    expect(verifyForeign(join(folder, '9'))).toMatchObject({ ok: true, format: 'orbax' });
    lay({ '9/state/manifest.ocdbt': '' });
    expect(reasonOf(join(folder, '9'))).toBe('manifest.ocdbt is empty');
    lay({ '8/_CHECKPOINT_METADATA': '{"init' });
    expect(reasonOf(join(folder, '8'))).toMatch(/^_CHECKPOINT_METADATA is no JSON/);
    lay({ '7.orbax-checkpoint-tmp-123/_CHECKPOINT_METADATA': '{}', '6/params.orbax-checkpoint-tmp-5/x': 'x' });
    expect(reasonOf(join(folder, '7.orbax-checkpoint-tmp-123'))).toBe('7.orbax-checkpoint-tmp-123 was never committed');
    expect(reasonOf(join(folder, '6'))).toBe('params.orbax-checkpoint-tmp-5 was never committed');
    lay({ '7.orbax-checkpoint-tmp-123/commit_success.txt': 'yes' });
    expect(reasonOf(join(folder, '7.orbax-checkpoint-tmp-123'))).toBeUndefined();
  });
});
