import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { openDataset } from '../../../src/trainer/data/open-dataset.js';
import { dataConfig, temporaryFolder } from '../support.js';

const built = new URL('../../../dist/trainer/data/index.js', import.meta.url);
const script = `
  const { openDataset } = await import(${JSON.stringify(built.href)});
  await openDataset({ config: JSON.parse(process.argv[1]), seed: 42, dir: process.argv[2] });
`;

const temporaries = (dir: string) => readdirSync(dir).filter((name) => name.endsWith('.tmp'));
const isWriting = (dir: string) => temporaries(dir).some((name) => statSync(join(dir, name)).size > 1 << 20);

test.skipIf(!existsSync(built))(
  'a process killed while it makes lines leaves no torn file; the next one makes them',
  async () => {
    const dir = temporaryFolder();
    const config = dataConfig({ train_samples: 4000 });
    const writer = spawn(process.execPath, ['--input-type=module', '-e', script, JSON.stringify(config), dir], {
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    const ended = once(writer, 'exit');
    while (!isWriting(dir) && writer.exitCode === null) await setTimeout(20);
    writer.kill('SIGKILL');
    expect((await ended)[1]).toBe('SIGKILL');
    expect(readdirSync(dir)).toEqual(temporaries(dir));
    expect(temporaries(dir).length).toBe(1);

    const smaller = { config: dataConfig(), seed: 42, dir };
    const dataset = await openDataset(smaller);
    expect(temporaries(dir)).toEqual([]);
    expect((await dataset.train.read([0, 11])).size).toBe(2);
    await dataset.close();
  },
);
