import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loadExperiment } from '../../src/config/index.js';
import { errorOf, load, loadText } from './support.js';

describe('a wrong value names path, value, expectation, file and line', () => {
  test.each<[string, unknown, string]>([
    ['epochs', 'many', 'a whole number, above 0'],
    ['epochs', 0, 'a whole number, above 0'],
    ['epochs', -3, 'a whole number, above 0'],
    ['epochs', 2.5, 'a whole number, above 0'],
    ['epochs', true, 'a whole number, above 0'],
    ['epochs', [3], 'a whole number, above 0'],
    ['epochs', {}, 'a whole number, above 0'],
    ['epochs', 1e300, 'a whole number, above 0'],
    ['epochs', 9007199254740992, 'a whole number, above 0'],
    ['seed', 'lucky', 'a whole number'],
    ['resume', 'perhaps', 'a boolean'],
    ['resume', 2, 'a boolean'],
    ['run_dir', '', 'a string that is not empty'],
    ['experiment_name', '../up', 'letters, digits, dot, dash and underscore'],
    ['experiment_name', 'two words', 'letters, digits, dot, dash and underscore'],
    ['training.batch_size', 'eight', 'a whole number, above 0'],
    ['training.batch_size', '', 'a whole number, above 0'],
    ['training.batch_size', null, 'a whole number, above 0'],
    ['training.backend', 'cuda', 'one of "auto", "tensorflow", "webgpu", "wasm", "cpu"'],
    ['training.backend', 'constructor', 'one of "auto", "tensorflow", "webgpu", "wasm", "cpu"'],
    ['training.precision', 'fp16', 'one of "fp32"'],
    ['optimizer.lr_g', 0, 'a number, above 0'],
    ['optimizer.beta1', 1, 'a number, at least 0, below 1'],
    ['schedule.lr_alpha', 1.5, 'a number, at least 0, at most 1'],
    ['loss_weights.ctc_loss_weight', -1, 'a number, at least 0'],
    ['model.generator.depth', 7, 'a whole number, above 0, at most 6'],
    ['trainer.command', [], 'a list of strings'],
    ['trainer.command', ['python', 3], 'a list of strings'],
    ['trainer.command', 'python train.py | tee log', 'a list of strings'],
    ['trainer.epoch_base', 2, 'one of 0, 1'],
    ['trainer.env.RANK', [0], 'a string'],
    ['training.gpu_id', [{}], 'a string'],
    ['training.gpu_id', [], 'a string'],
    ['restart.max_restarts', -1, 'a whole number, at least 0'],
    ['restart.max_delay_ms', 'soon', 'a whole number, at least 0'],
  ])('%s: %j', (path, value, expected) => {
    const keys = path.split('.');
    const opened = keys.map((key) => `"${key}": `).join('{\n');
    const text = `{\n${path === 'epochs' ? '' : '"epochs": 3,'}\n${opened}${JSON.stringify(value)}${'}'.repeat(keys.length)}`;
    const error = errorOf(() => loadText(text));
    expect(error).toMatchObject({ code: 'CONFIG_INVALID', exitCode: 78 });
    expect(error.message).toContain(`/exp/night.json:${2 + keys.length}: ${path}`);
    expect(error.message).toContain(` is ${JSON.stringify(value)}`);
    expect(error.message).toContain(`expected ${expected}`);
  });

  test('as it is written', () => {
    const error = errorOf(() => loadText('{\n "numEpochs": 3,\n "bs": 0 }'));
    expect(error.message).toContain('/exp/night.json:3: training.batch_size (written bs) is 0; expected');
  });

  test('where it was given, when it was not in the file', () => {
    expect(errorOf(() => load({}, { flags: { '--epochs': 'abc' } })).message).toMatch(/^--epochs: epochs is "abc"/);
    expect(errorOf(() => load({}, { flags: { epochs: 'abc' } })).message).toMatch(/^--set epochs: epochs is "abc"/);
    expect(errorOf(() => load({}, { env: { SUPERVISE_CONFIG_EPOCHS: 'abc' } })).message).toContain(
      'SUPERVISE_CONFIG_EPOCHS: epochs is "abc"',
    );
  });

  test('all of them at once', () => {
    const error = errorOf(() => load({ epochs: 0, seed: 'x', training: { batch_size: -1 } }));
    expect(error.message).toContain('3 values are wrong');
    for (const path of ['epochs', 'seed', 'training.batch_size']) expect(error.message).toContain(` ${path} is `);
  });

  test('the only key that is required', () => {
    const error = errorOf(() => loadText('{}'));
    expect(error.message).toContain('/exp/night.json: epochs is missing; expected a whole number, above 0');
  });
});

test('unknown keys are told together with the first wrong value', () => {
  const error = errorOf(() => loadText('{\n "epochs": 0,\n "sede": 3,\n "trainer": { "cwdd": "." } }'));
  expect(error.message).toContain('/exp/night.json:2: epochs is 0');
  expect(error.message).toContain('/exp/night.json:3: unknown key sede; did you mean seed?');
  expect(error.message).toContain('/exp/night.json:4: unknown key trainer.cwdd');
});

test('what is missing may be there under another name: then the error says so', () => {
  const error = errorOf(() => loadText('{\n "epochz": 3 }'));
  expect(error.message).toContain('epochs is missing');
  expect(error.message).toContain('/exp/night.json:2: unknown key epochz; did you mean epochs?');
});

describe('a text that is no experiment', () => {
  test.each([
    ['nothing', '', ':1:1: the file holds nothing'],
    ['white space', ' \n\n', ':1:1: the file holds nothing'],
    ['a comment', '// later', 'the file holds nothing'],
    ['half a file', '{\n  "epochs": 3,\n  "seed": ', ':3:10: there is the end of the file where a value is to be'],
    ['a missing comma', '{\n  "epochs": 3\n  "seed": 4\n}', ':3:3: a comma is missing before "seed"'],
    ['a missing colon', '{\n  "epochs" 3\n}', ':2:12: a colon is missing before 3'],
    ['a missing value', '{\n  "epochs":\n}', ':3:1: there is } where a value is to be'],
    ['a missing brace', '{\n  "training": { "batch_size": 4\n}\n', ':3:2: the { of line 1, column 1 is not closed'],
    ['a missing bracket', '{\n  "epochs": [3\n', 'the [ of line 2, column 13 is not closed'],
    ['a bracket for a brace', '{\n  "epochs": 3\n]', ':3:1: ] does not belong here'],
    ['a text without an end', '{\n  "run_dir": "runs\n}', ':2:14: a text is not closed on its line'],
    ['a comment without an end', '{\n  "epochs": 3 /* more\n}', ':2:15: a comment that begins with /* is not closed'],
    ['a path of Windows', '{\n  "run_dir": "C:\\Users"\n}', ':2:14: a text has a backslash that means nothing'],
    ['a comment of Python', '{\n  # ours\n  "epochs": 3\n}', ':2:3: a comment begins with #'],
    ['a bare word', '{\n  "epochs": three\n}', ':2:13: three has no quotes'],
    ['a bare key', '{\n  epochs: 3\n}', ':2:3: the key epochs has no quotes'],
    ['Python’s True', '{\n  "epochs": 3,\n  "resume": True\n}', ":3:13: True is Python's"],
    ['a word that every object has', '__proto__', ':1:1: __proto__ has no quotes'],
    ['a method that every object has', 'constructor', ':1:1: constructor has no quotes'],
    ['single quotes', "{\n  'epochs': 3\n}", ':2:3: a text is in single quotes'],
    ['a bare NaN', '{\n  "epochs": NaN\n}', ':2:13: NaN is no value of JSON'],
    ['more after the end', '{ "epochs": 3 }\n{ "epochs": 4 }', ':2:1: there is { after the end of the object'],
    ['a list', '[{ "epochs": 3 }]', 'the file holds an array'],
    ['a number', '3', 'the file holds a number'],
    ['null', 'null', 'the file holds null'],
    ['YAML', 'epochs: 3\n', ':1:1: the key epochs has no quotes'],
    ['binary noise', '\u0000\u0001\ufffd', ':1:1: the character U+0000 does not belong here'],
  ])('%s', (_, text, place) => {
    const error = errorOf(() => loadText(text));
    expect(error).toMatchObject({ code: 'CONFIG_SYNTAX', exitCode: 78 });
    expect(error.message).toContain('/exp/night.json');
    expect(error.message).toContain(place);
    expect(error.message).toContain('expected: ');
    expect(error.message).not.toMatch(/(Expected|Invalid|Unexpected)[A-Z]|[a-z](Expected|Symbol)/);
  });
});

describe('a file', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'supervise-config-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  test('that is not there', () => {
    const path = join(folder, 'nihgt.json');
    const error = errorOf(() => loadExperiment({ path }));
    expect(error).toMatchObject({ code: 'CONFIG_NOT_FOUND', exitCode: 78 });
    expect(error.message).toContain(`${path}: there is no such file`);
  });

  test('that is a directory', () => {
    mkdirSync(join(folder, 'runs'));
    const error = errorOf(() => loadExperiment({ path: join(folder, 'runs') }));
    expect(error).toMatchObject({ code: 'CONFIG_NOT_FOUND' });
    expect(error.message).toContain('this is a directory');
  });

  test('that goes through another file', () => {
    writeFileSync(join(folder, 'a'), '');
    const error = errorOf(() => loadExperiment({ path: join(folder, 'a', 'b.json') }));
    expect(error).toMatchObject({ code: 'CONFIG_NOT_FOUND' });
  });

  test('that is empty', () => {
    writeFileSync(join(folder, 'empty.json'), '');
    expect(errorOf(() => loadExperiment({ path: join(folder, 'empty.json') }))).toMatchObject({
      code: 'CONFIG_SYNTAX',
    });
  });

  test('with a byte order mark and Windows line ends loads', () => {
    const path = join(folder, 'windows.json');
    writeFileSync(path, '\uFEFF{\r\n  "epochs": 3,\r\n  "bs": 2\r\n}\r\n');
    const { config, origins } = loadExperiment({ path });
    expect([config.epochs, config.training.batch_size, config.experiment_name]).toEqual([3, 2, 'windows']);
    expect(origins['training.batch_size']?.line).toBe(3);
  });

  test('in UTF-16, as some Windows tools write, is told apart from a broken one', () => {
    const path = join(folder, 'utf16.json');
    writeFileSync(path, Buffer.from('\uFEFF{ "epochs": 3 }', 'utf16le'));
    const error = errorOf(() => loadExperiment({ path }));
    expect(error).toMatchObject({ code: 'CONFIG_SYNTAX' });
    expect(error.message).toContain('UTF-16');
  });
});
