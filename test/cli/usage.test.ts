import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { folderWith, listAll, repository, supervise, train } from './support.js';

const { version } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as { version: string };
const good = '{ "experiment_name": "night", "epochs": 3 }\n';

describe('supervise', () => {
  test.each(['--help', '-h'])('%s names every flag and the exit codes', async (flag) => {
    const { code, stdout, stderr } = await supervise([flag]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const flags = ['run-dir', 'checkpoint-dir', 'epochs', 'seed', 'backend', 'set', 'no-restore', 'dry-run', 'json'];
    for (const name of [...flags, 'help', 'version']) expect(stdout).toContain(`--${name} `);
    for (const exit of [0, 64, 69, 73, 75, 78, 79]) expect(stdout).toMatch(new RegExp(`\\b${exit}\\b`));
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(110);
  });

  test('--help beside an experiment helps, and starts nothing', async () => {
    const cwd = folderWith({ 'night.json': good });
    const { code, stdout } = await supervise(['night.json', '--help'], { cwd });
    expect(code).toBe(0);
    expect(stdout).toContain('supervise <experiment.json>');
    expect(listAll(cwd)).toEqual(['night.json']);
  });

  test.each([[['--version']], [['-v']], [['night.json', '--version']]])('%j', async (args) => {
    const cwd = folderWith({ 'night.json': good });
    expect(await supervise(args, { cwd })).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
    expect(listAll(cwd)).toEqual(['night.json']);
  });

  test.each<[string, string[], string[]]>([
    ['no argument', [], ['no experiment file is given', 'supervise configs/quickstart.json']],
    ['an unknown flag', ['night.json', '--dryrun'], ['dryrun', 'did you mean --dry-run?']],
    ['a flag of one letter too many', ['night.json', '--epochss', '3'], ['epochss', 'did you mean --epochs?']],
    ['a flag like nothing', ['night.json', '--frobnicate'], ['frobnicate', 'supervise --help']],
    ['a setting as a flag', ['night.json', '--batch-size', '2'], ['batch-size', '--set key=value']],
    ['a second argument', ['night.json', 'day.json'], ['unexpected argument day.json']],
    ['--json alone', ['night.json', '--json'], ['--json goes with --dry-run']],
    ['--set without "="', ['night.json', '--set', 'epochs'], ['"epochs" is no setting', 'key=value']],
    ['--set without a key', ['night.json', '--set', '=3'], ['"=3" is no setting']],
    [
      '--set of an unknown key',
      ['night.json', '--set', 'batchsiz=3'],
      ['--set batchsiz=3: there is no key batchsiz', 'did you mean batch'],
    ],
    [
      'a password in a --set of an unknown key',
      ['night.json', '--set', 'nope=http://u:secret@host/'],
      ['--set nope=http://***@host/: there is no key nope'],
    ],
    ['--set without anything', ['night.json', '--set'], ['set']],
    ['--run-dir without anything', ['night.json', '--run-dir'], ['run-dir']],
  ])('%s is wrong usage', async (_, args, said) => {
    const cwd = folderWith({ 'night.json': good, 'day.json': good });
    const { code, stdout, stderr } = await supervise(args, { cwd });
    expect({ code, stdout }).toEqual({ code: 64, stdout: '' });
    for (const text of said) expect(stderr).toContain(text);
    expect(stderr.startsWith('supervise: ')).toBe(true);
    expect(listAll(cwd)).toEqual(['day.json', 'night.json']);
  });

  test('a run directory that cannot be created is one error', async () => {
    const cwd = folderWith({
      'night.json': '{ "experiment_name": "night", "epochs": 1, "trainer": { "command": ["true"] } }',
    });
    const { code, stdout, stderr } = await supervise(['night.json', '--run-dir', 'night.json/run'], { cwd });
    expect({ code, stdout }).toEqual({ code: 73, stdout: '' });
    expect(stderr).toMatch(/^supervise: .*night\.json\/run: it cannot be created[\s\S]*--run-dir\n$/);
    expect(listAll(cwd)).toEqual(['night.json']);
  });

  test.each<[string, string | undefined, string[], string[]]>([
    ['no such file', undefined, [], ['night.json: there is no such file', 'configs/quickstart.json']],
    ['broken JSON', '{\n  "epochs": 3,,\n}', [], ['night.json:2:', 'where a key is to be']],
    ['a wrong type', '{\n  "epochs": "many"\n}', [], ['night.json:2: epochs is "many"', 'a whole number, above 0']],
    ['a wrong flag', good, ['--epochs', 'abc'], ['--epochs: epochs is "abc"', 'a whole number, above 0']],
    ['a negative flag', good, ['--epochs=-1'], ['--epochs: epochs is -1']],
    ['an empty flag', good, ['--run-dir', ''], ['run_dir is ""']],
    ['a wrong setting', good, ['--set', 'bs=0'], ['--set bs: training.batch_size is 0']],
    ['a wrong backend', good, ['--backend', 'cuda'], ['"cuda"', '"auto", "tensorflow", "webgpu", "wasm", "cpu"']],
  ])('%s is wrong configuration', async (_, text, args, said) => {
    const cwd = folderWith(text === undefined ? {} : { 'night.json': text });
    const { code, stdout, stderr } = await supervise(['night.json', ...args], { cwd });
    expect({ code, stdout }).toEqual({ code: 78, stdout: '' });
    for (const line of said) expect(stderr).toContain(line);
    expect(listAll(cwd)).toEqual(text === undefined ? [] : ['night.json']);
  });

  test('wrong environment is wrong usage', async () => {
    const cwd = folderWith({ 'night.json': good });
    const { code, stderr } = await supervise(['night.json'], { cwd, env: { SUPERVISE_CONFIG_EPOCHZ: '3' } });
    expect(code).toBe(64);
    expect(stderr).toContain('SUPERVISE_CONFIG_EPOCHZ');
    expect(stderr).toContain('did you mean epochs?');
  });
});

describe('supervise-train', () => {
  test('--help names the flags of a trainer', async () => {
    const { code, stdout } = await train(['--help']);
    expect(code).toBe(0);
    for (const flag of ['config', 'resume', 'no_restore', 'checkpoint_dir', 'epochs', 'steps_per_epoch', 'batch_size'])
      expect(stdout).toContain(`--${flag} `);
  });

  test('--version', async () => {
    expect(await train(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
  });

  test.each<[string, string[], number, string[]]>([
    ['an unknown flag', ['--epochz', '3'], 64, ['epochz', 'did you mean epochs?']],
    ['an argument', ['night.json'], 64, ['unexpected argument night.json']],
    ['a file that is not there', ['--config', 'nihgt.json'], 78, ['there is no such file']],
    ['a wrong value', ['--config', 'night.json', '--batch-size', 'two'], 78, ['training.batch_size is "two"']],
    ['no epoch count', [], 78, ['epochs is missing']],
    ['the recognizer without a folder', ['recognizer'], 64, ['out']],
  ])('%s', async (_, args, expected, said) => {
    const cwd = folderWith({ 'night.json': good });
    const { code, stderr } = await train(args, { cwd });
    expect(code).toBe(expected);
    for (const text of said) expect(stderr).toContain(text);
    expect(listAll(cwd)).toEqual(['night.json']);
  });
});
