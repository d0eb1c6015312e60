import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decodePng, encodePng } from '../../../src/trainer/images/index.js';
import { train } from '../support.js';

const experiment = {
  experiment_name: 'small',
  epochs: 2,
  run_dir: 'runs/small',
  model: {
    generator: { filters: 2, depth: 2 },
    discriminator: { filters: 2, num_layers: 2, embedding_size: 4, lstm_units: 4 },
  },
  data: { train_samples: 8, val_samples: 6 },
  training: { batch_size: 2, steps_per_epoch: 2, backend: 'wasm' },
};

let cwd = '';
const checkpoints = () => join(cwd, 'runs/small/checkpoints');

beforeAll(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'supervise-model-'));
  writeFileSync(join(cwd, 'small.json'), JSON.stringify(experiment));
  const trained = await train(['--config', 'small.json'], { cwd });
  expect(trained).toMatchObject({ code: 0, stderr: '' });
  // As supervise leaves it there.
  writeFileSync(join(cwd, 'runs/small/experiment.json'), JSON.stringify(experiment));
  const grey = { width: 150, height: 70, pixels: new Float32Array(150 * 70).fill(0.7) };
  writeFileSync(join(cwd, 'page.png'), encodePng(grey));
  mkdirSync(join(cwd, 'pages'));
  writeFileSync(join(cwd, 'pages/a.png'), encodePng({ width: 20, height: 9, pixels: new Float32Array(180) }));
  writeFileSync(join(cwd, 'pages/b.PNG'), encodePng(grey, 16));
  writeFileSync(join(cwd, 'pages/notes.txt'), 'no image');
});
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

describe('supervise-train evaluate', () => {
  test('by experiment file, as a table, as JSON and with a row for each line: the numbers of the training', async () => {
    const args = ['evaluate', 'small.json', '--checkpoint', 'last', '--csv', 'lines.csv', '--samples', 'sheet.png'];
    const table = await train(args, { cwd });
    expect(table).toMatchObject({ code: 0, stderr: '' });
    expect(table.stdout).toMatch(/^Checkpoint: runs\/small\/checkpoints\/ckpt-2 \(the newest\)$/m);
    expect(table.stdout).toMatch(/^restored +[\d.]+ dB +-?[\d.]+ +[\d.]+ % +[\d.]+ %$/m);
    const json = await train(['evaluate', 'runs/small', '--json', '--checkpoint', 'last'], { cwd });
    const epochs = readFileSync(join(cwd, 'runs/small/metrics.jsonl'), 'utf8').trim().split('\n');
    const recorded = JSON.parse(epochs[1] as string) as Record<string, number>;
    const { lines, restored, degraded, score } = JSON.parse(json.stdout);
    expect(lines).toBe(6);
    expect(restored.psnr).toBeCloseTo(recorded['psnr'] as number, 3);
    expect(restored.ssim).toBeCloseTo(recorded['ssim'] as number, 4);
    expect([restored.cer, restored.wer]).toEqual([recorded['cer'], recorded['wer']]);
    expect(degraded.psnr).toBeCloseTo(recorded['psnr_degraded'] as number, 3);
    expect(score).toBeCloseTo(recorded['score'] as number, 3);

    const rows = readFileSync(join(cwd, 'lines.csv'), 'utf8').trim().split('\n');
    expect(rows.length).toBe(7);
    const column = (rows[0] as string).split(',').indexOf('psnr');
    const mean = rows.slice(1).reduce((sum, row) => sum + Number(row.split(',')[column]), 0) / 6;
    expect(mean).toBeCloseTo(restored.psnr, 2);
    expect(decodePng(readFileSync(join(cwd, 'sheet.png')))).toMatchObject({ width: 400, height: 220 });
  });

  test('on files of its own, by a directory of checkpoints', async () => {
    const data = join(cwd, 'runs/small/data/lines-train-*.tfrecord');
    const { code, stdout } = await train(['evaluate', checkpoints(), '--data', data, '--limit', '5', '--json'], {
      cwd,
    });
    expect([code, JSON.parse(stdout).lines]).toEqual([0, 5]);
  });

  test.each<[string, string[], number, RegExp]>([
    ['no such run', ['elsewhere'], 66, /"elsewhere" is no run, no experiment file/],
    [
      'no such checkpoint',
      ['small.json', '--checkpoint', 'ckpt-9'],
      65,
      /there is no checkpoint ckpt-9[\s\S]*ckpt-1, ckpt-2/,
    ],
    ['no such data', ['small.json', '--data', 'no-*.gz'], 65, /no file matches this pattern[\s\S]*--data/],
    ['another charset', ['small.json', '--charset', 'letters.txt'], 65, /letters\.txt: there is no such file/],
    ['a wrong number', ['small.json', '--limit', '0'], 64, /--limit is 0[\s\S]*at least 1/],
    ['a wrong backend', ['small.json', '--backend', 'cuda'], 64, /--backend is "cuda"[\s\S]*wasm/],
    ['an unknown flag', ['small.json', '--jso'], 64, /did you mean --json\?/],
  ])('%s', async (_, args, expected, said) => {
    const { code, stderr, stdout } = await train(['evaluate', ...args], { cwd });
    expect({ code, stdout }).toEqual({ code: expected, stdout: '' });
    expect(stderr).toMatch(said);
  });

  test('checkpoints without their experiment.json', async () => {
    const lone = join(cwd, 'lone');
    mkdirSync(lone);
    for (const name of readdirSync(checkpoints()))
      writeFileSync(join(lone, name), readFileSync(join(checkpoints(), name)));
    const { code, stderr } = await train(['evaluate', 'lone/ckpt-1'], { cwd });
    expect(code).toBe(66);
    expect(stderr).toContain('--config experiment.json');
    expect((await train(['evaluate', 'lone/ckpt-1', '--config', 'small.json', '--json'], { cwd })).code).toBe(0);
  });
});

describe('supervise-train restore', () => {
  test('an image of another size than the model', async () => {
    const { code, stdout, stderr } = await train(['restore', 'page.png', 'out/page.png', '--run', 'runs/small'], {
      cwd,
    });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/page\.png → out\/page\.png: 150 × 70, 6 tiles/);
    expect(decodePng(readFileSync(join(cwd, 'out/page.png')))).toMatchObject({ width: 150, height: 70, bitDepth: 8 });
  });

  test('a folder, into a folder; as deep as they were', async () => {
    const { code } = await train(['restore', 'pages', 'restored', '--run', 'small.json', '--scale', 'fit'], { cwd });
    expect(code).toBe(0);
    expect(readdirSync(join(cwd, 'restored')).sort()).toEqual(['a.png', 'b.PNG']);
    expect(decodePng(readFileSync(join(cwd, 'restored/b.PNG')))).toMatchObject({
      width: 150,
      height: 70,
      bitDepth: 16,
    });
  });

  test.each<[string, string[], number, RegExp]>([
    ['no output', ['page.png'], 64, /an image and an output are needed/],
    ['no such image', ['none.png', 'x.png'], 65, /none\.png: there is no such image.*DATA_MISSING/],
    ['an image that is none', ['small.json', 'x.png'], 65, /small\.json: is no PNG image/],
    ['several into one file', ['page.png', 'pages/a.png', 'x.png'], 64, /2 images do not fit into the one file/],
    ['an output that is there', ['pages/a.png', 'page.png'], 64, /there is such a file already[\s\S]*--force/],
    ['a wrong overlap', ['page.png', 'x.png', '--overlap', '1'], 64, /--overlap is 1[\s\S]*from 0 to 0.75/],
    ['a wrong scale', ['page.png', 'x.png', '--scale', 'big'], 64, /--scale is "big"/],
  ])('%s', async (_, args, expected, said) => {
    const { code, stderr } = await train(['restore', ...args, '--run', 'runs/small'], { cwd });
    expect(code).toBe(expected);
    expect(stderr).toMatch(said);
    expect(existsSync(join(cwd, 'x.png'))).toBe(false);
  });
});
