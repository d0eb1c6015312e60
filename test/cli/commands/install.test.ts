import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { launchdPlist, type Service, systemdUnit } from '../../../src/cli/service-unit.js';
import { repository } from '../support.js';
import { type CommandBench, openCommandBench } from './support.js';

let bench: CommandBench;
afterEach(() => bench?.close());

const calls = () => readFileSync(join(bench.folder, 'calls'), 'utf8').trim().split('\n');
const unitPath = () => join(bench.folder, 'config/systemd/user/supervise-night.service');

/** A bench with a systemctl that only notes what it is asked for. */
function openWithSystemctl(exitCode = 0): CommandBench {
  const env: Record<string, string> = {};
  const opened = openCommandBench({ env });
  const bin = join(opened.folder, 'bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'systemctl'), `#!/bin/sh\necho "$@" >> ${opened.folder}/calls\nexit ${exitCode}\n`);
  chmodSync(join(bin, 'systemctl'), 0o755);
  env['PATH'] = `${bin}${delimiter}${process.env['PATH']}`;
  env['XDG_CONFIG_HOME'] = join(opened.folder, 'config');
  env['SUPERVISE_CONFIG_SEED'] = '7';
  return opened;
}

describe.skipIf(process.platform === 'darwin')('supervise install', () => {
  test('writes a unit with absolute paths, says how to enable it, and takes it back', async () => {
    bench = openWithSystemctl();
    const { code, stdout } = await bench.run('install', 'night.json', '--set', 'description=100% "two words" $HOME');
    expect(code).toBe(0);
    expect(stdout).toContain(`Wrote ${unitPath()}\n`);
    for (const hint of ['systemctl --user enable --now supervise-night.service', 'loginctl enable-linger'])
      expect(stdout).toContain(hint);
    const lines = readFileSync(unitPath(), 'utf8').split('\n');
    const folder = realpathSync(bench.folder);
    const setting = '"description=\\"100%% \\\\\\"two words\\\\\\" $$HOME\\""';
    expect(lines).toContain(
      `ExecStart=${process.execPath} ${join(repository, 'bin/supervise.js')} ${join(folder, 'night.json')} --set ${setting}`,
    );
    for (const line of [
      `WorkingDirectory=${folder}`,
      'KillMode=process',
      'TimeoutStopSec=35',
      'Environment=SUPERVISE_CONFIG_SEED=7',
    ])
      expect(lines).toContain(line);
    expect(existsSync(join(bench.folder, 'calls'))).toBe(false);
    expect((await bench.run('uninstall', 'night.json')).code).toBe(0);
    expect(existsSync(unitPath())).toBe(false);
    expect(calls()).toEqual(['--user disable supervise-night.service', '--user daemon-reload']);
    expect(await bench.run('uninstall', 'night')).toMatchObject({ code: 66 });
  });

  test('--now enables and starts it; --print writes nothing', async () => {
    bench = openWithSystemctl();
    const printed = await bench.run('install', 'night.json', '--print');
    expect(existsSync(unitPath())).toBe(false);
    expect((await bench.run('install', 'night.json', '--now')).code).toBe(0);
    expect(readFileSync(unitPath(), 'utf8')).toBe(printed.stdout);
    expect((await bench.run('uninstall', 'night', '--now')).code).toBe(0);
    expect(calls()).toEqual([
      '--user daemon-reload',
      '--user enable --now supervise-night.service',
      '--user disable --now supervise-night.service',
      '--user daemon-reload',
    ]);
  });

  test('tells of a systemctl that fails, and leaves a unit that is not ours alone', async () => {
    bench = openWithSystemctl(1);
    const failed = await bench.run('install', 'night.json', '--now');
    expect(failed).toMatchObject({
      code: 69,
      stderr: expect.stringContaining('daemon-reload failed with exit code 1'),
    });
    writeFileSync(unitPath(), '[Service]\n');
    expect(await bench.run('install', 'night.json')).toMatchObject({ code: 73 });
    expect(await bench.run('uninstall', 'night')).toMatchObject({ code: 66 });
    expect(readFileSync(unitPath(), 'utf8')).toBe('[Service]\n');
  });

  const isMissing = spawnSync('systemd-analyze', ['--version']).error !== undefined;
  test.skipIf(isMissing)('the unit passes systemd-analyze verify (skipped without systemd)', async () => {
    bench = openWithSystemctl();
    await bench.run('install', 'night.json', '--set', 'description=100% "two words" $HOME');
    const verified = spawnSync('systemd-analyze', ['--user', 'verify', unitPath()], {
      encoding: 'utf8',
      env: { ...process.env, XDG_RUNTIME_DIR: bench.folder },
    });
    expect([verified.status, verified.stdout, verified.stderr]).toEqual([0, '', '']);
  });
});

test('a launchd agent has the same, in XML', () => {
  const service: Service = {
    ...{ name: 'night', command: ['/bin/node', '/a & b/<x>.json'], cwd: '/a' },
    ...{ environment: { PATH: '/bin' }, stopGraceMs: 1500 },
  };
  const plist = launchdPlist(service);
  for (const text of [
    '<string>/a &amp; b/&lt;x&gt;.json</string>',
    '<key>Crashed</key><true/>',
    '<integer>32</integer>',
  ])
    expect(plist).toContain(text);
  expect(systemdUnit(service)).toContain('ExecStart=/bin/node "/a & b/<x>.json"\n');
});
