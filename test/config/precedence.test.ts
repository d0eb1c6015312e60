import { describe, expect, test } from 'vitest';
import { errorOf, load } from './support.js';

const written = { training: { batch_size: 2 } };
const env = { SUPERVISE_CONFIG_TRAINING__BATCH_SIZE: '4' };
const flags = { 'training.batch_size': 8 };

describe('flags beat the environment, which beats the file, which beats the default', () => {
  test.each([
    ['default', load({}), 4, { source: 'default' }],
    ['file', load(written), 2, { source: 'file', key: 'training.batch_size', line: 4, synonym: false }],
    [
      'environment',
      load({ training: { batch_size: 3 } }, { env }),
      4,
      { source: 'environment', key: 'SUPERVISE_CONFIG_TRAINING__BATCH_SIZE' },
    ],
    ['flag', load(written, { env, flags }), 8, { source: 'flag', key: '--set training.batch_size' }],
  ])('%s', (_, { config, origins }, value, origin) => {
    expect(config.training.batch_size).toBe(value);
    expect(origins['training.batch_size']).toEqual(origin);
  });

  test('in any spelling of each: what means one key is one key', () => {
    const { config, warnings } = load(
      { bs: 2 },
      { env: { SUPERVISE_CONFIG_BATCH: '4' }, flags: { 'batch-size': '8' } },
    );
    expect(config.training.batch_size).toBe(8);
    expect(warnings).toEqual([]);
  });

  test('a right flag repairs a wrong file', () => {
    expect(load({ epochs: 'many' }, { flags: { epochs: 2 } }).config.epochs).toBe(2);
  });

  test('every value has an origin', () => {
    const { config, origins } = load({ trainer: { env: { A_B: 'x' } } });
    expect(origins['trainer.env.A_B']).toMatchObject({ source: 'file' });
    expect(origins['experiment_name']).toEqual({ source: 'default' });
    const sections = Object.values(config).filter((value) => typeof value === 'object');
    expect(Object.keys(origins).length).toBeGreaterThan(sections.length);
  });
});

describe('environment and flags', () => {
  test('other variables are none of ours', () => {
    const others = { PATH: '/bin', SUPERVISE_RUN_DIR: '/x', SUPERVISE_DEBUG: '1', EPOCHS: '9' };
    expect(load({}, { env: others }).config.epochs).toBe(3);
  });

  test('names of variables for the trainer keep their case', () => {
    const { config } = load({}, { env: { SUPERVISE_CONFIG_TRAINER__ENV__OMP_NUM_THREADS: '2' } });
    expect(config.trainer.env).toEqual({ OMP_NUM_THREADS: '2' });
    expect(load({}, { flags: { 'trainer.env.Mode': 'x' } }).config.trainer.env).toEqual({ Mode: 'x' });
  });

  test.each([
    ['epochz', 'did you mean epochs?'],
    ['frobnicate', 'docs/config.md lists every key'],
    ['_epochs', 'docs/config.md lists every key'],
    ['notes', 'docs/config.md lists every key'],
    ['use_amp', 'docs/config.md lists every key'],
    ['__proto__', 'docs/config.md lists every key'],
    ['constructor', 'docs/config.md lists every key'],
    ['', 'docs/config.md lists every key'],
  ])('an unknown key %j is wrong usage', (key, hint) => {
    for (const options of [
      { flags: Object.fromEntries([[key, '1']]) },
      { env: { [`SUPERVISE_CONFIG_${key.toUpperCase()}`]: '1' } },
    ]) {
      const error = errorOf(() => load({}, options));
      expect(error).toMatchObject({ code: 'USAGE', exitCode: 64 });
      expect(error.message).toContain('there is no key');
      expect(error.message).toContain(hint);
    }
  });
});

describe('the name of an experiment without one', () => {
  test.each([
    ['/exp/night.json', 'night'],
    ['/exp/night.v2.jsonc', 'night.v2'],
    ['/exp/two words!.json', 'two_words_'],
    ['/exp/.hidden.json', 'hidden'],
    ['/exp/-dash.json', 'dash'],
    ['/exp/実験.json', '_'],
    ['/exp/....json', 'experiment'],
    ['/exp/plain', 'plain'],
  ])('%s → %s', async (path, name) => {
    const { loadExperiment } = await import('../../src/config/index.js');
    expect(loadExperiment({ path, text: '{"epochs": 1}' }).config.experiment_name).toBe(name);
  });
});
