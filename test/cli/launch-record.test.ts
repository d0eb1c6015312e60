import { expect, it } from 'vitest';
import { launchArguments } from '../../src/cli/launch-record.js';
import { settingsOf } from '../../src/cli/start-options.js';

it('a run is started again with the flags that it was started with', () => {
  const flags = settingsOf({ runDir: 'two words', seed: ['6', '7'], set: ['bs=8', 'description=a=b', '--lr=1e-4'] });
  expect(flags).toEqual({ '--run-dir': 'two words', '--seed': '7', bs: 8, description: 'a=b', lr: 1e-4 });
  expect(launchArguments({ experiment: '/e.json', cwd: '/', flags, environment: {} })).toEqual([
    ...['/e.json', '--run-dir=two words', '--seed=7'],
    ...['--set', 'bs=8', '--set', 'description="a=b"', '--set', 'lr=0.0001'],
  ]);
});
