// Measures the supervisor beside its peers: npm run bench -- --help
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { measureIdle } from './lib/idle.mjs';
import { measureCommands, measureLaunch } from './lib/launch.mjs';
import { measureLines } from './lib/lines.mjs';
import { describeMachine } from './lib/machine.mjs';
import { findPeers } from './lib/peers.mjs';
import { raisePriority } from './lib/priority.mjs';
import { endProcess } from './lib/process.mjs';
import { measureRelaunch } from './lib/relaunch.mjs';
import { printReport, writeDocs } from './lib/report.mjs';
import { runProgram } from './lib/run-program.mjs';
import { listSupervisors } from './lib/supervisors.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const measures = ['relaunch', 'launch', 'idle', 'lines'];
const help = `npm run bench -- [flags]

Measures supervise beside pm2, forever, supervisord, runit, s6, a bash loop and the least possible Node supervisor. The peers
are installed outside the repository ($SUPERVISE_BENCH_PEERS, or a folder in the temporary directory; apt-get when root).

  --only <${measures.join('|')}>    one measure; may be repeated
  --supervisors <a,b>      these only, such as supervise,runit
  --kills <n>              kills of each child (60)
  --launches <n>           launches of each supervisor (15)
  --idle-secs <n>          quiet seconds (60)
  --line-rounds <n>        rounds of 1,000,000 lines (3)
  --no-install             take only peers that are there
  --no-write               leave bench/results and docs/benchmarks.md as they are
  --no-build               take dist/ as it is
`;

const { values: flags } = parseArgs({
  options: {
    only: { type: 'string', multiple: true, default: measures },
    supervisors: { type: 'string' },
    kills: { type: 'string', default: '60' },
    launches: { type: 'string', default: '15' },
    'idle-secs': { type: 'string', default: '60' },
    'line-rounds': { type: 'string', default: '3' },
    'no-install': { type: 'boolean', default: false },
    'no-write': { type: 'boolean', default: false },
    'no-build': { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});

if (flags.help) process.stdout.write(help);
else await main();

async function main() {
  raisePriority();
  if (!flags['no-build']) runProgram(process.execPath, [join(root, 'scripts/build.mjs')], root);
  const peers = findPeers({ install: !flags['no-install'] });
  // Node reads such certificates before anything else: where a machine names some, every one that runs on Node would pay for it.
  delete process.env.NODE_EXTRA_CA_CERTS;
  const wanted = flags.supervisors?.split(',');
  const listed = listSupervisors(peers).filter(({ name }) => wanted === undefined || wanted.includes(name));
  const supervisors = listed.filter(({ reason }) => reason === undefined);
  for (const { name, reason } of listed) if (reason !== undefined) console.log(`skipped: ${name}: ${reason}`);
  const scratch = mkdtempSync(join(tmpdir(), 'supervise-bench-'));
  try {
    const child = compileChild(scratch);
    const results = await measureAll({ supervisors, child, peers, openFolder: folderOpener(scratch) });
    const report = { machine: describeMachine(), versions: versionsOf(supervisors), results };
    printReport(report);
    if (flags['no-write']) return;
    mkdirSync(join(root, 'bench/results'), { recursive: true });
    for (const [name, figures] of Object.entries(results))
      writeFileSync(
        join(root, 'bench/results', `${name}.json`),
        `${JSON.stringify({ measure: name, machine: report.machine, versions: report.versions, figures }, null, 2)}\n`,
      );
    writeDocs(root);
  } finally {
    rmSync(scratch, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function measureAll({ supervisors, child, peers, openFolder }) {
  const results = {};
  const onRound = (round, rounds) =>
    process.stderr.write(`\r${round} of ${rounds} rounds ${round === rounds ? '\n' : ''}`);
  const common = { supervisors, openFolder, child, onRound };
  if (flags.only.includes('relaunch')) {
    console.log('relaunch after a crash …');
    results.relaunch = await measureRelaunch({ ...common, rounds: Number(flags.kills) });
  }
  if (flags.only.includes('launch')) {
    console.log('launch …');
    results.launch = await measureLaunch({ ...common, rounds: Number(flags.launches) });
    results.help = await measureHelp({ peers, openFolder, rounds: Number(flags.launches) });
  }
  if (flags.only.includes('idle')) {
    console.log(`${flags['idle-secs']} s beside a quiet child …`);
    results.idle = await measureIdle({ ...common, seconds: Number(flags['idle-secs']) });
  }
  if (flags.only.includes('lines')) {
    console.log('1,000,000 log lines …');
    results.lines = await measureLines({ ...common, rounds: Number(flags['line-rounds']), lines: 1_000_000 });
  }
  return results;
}

/** Even `pm2 --help` starts a daemon: it gets a folder of its own, and is ended. */
async function measureHelp({ peers, openFolder, rounds }) {
  const home = openFolder('help');
  const env = { ...process.env, PM2_HOME: home, FOREVER_ROOT: home };
  try {
    return measureCommands({ commands: helpCommands(peers), rounds, env });
  } finally {
    const daemon = join(home, 'pm2.pid');
    if (existsSync(daemon)) await endProcess(Number(readFileSync(daemon, 'utf8')));
  }
}

function helpCommands({ pm2, forever }) {
  const node = process.execPath;
  return {
    supervise: [node, join(root, 'bin/supervise.js'), '--help'],
    'node -e 0': [node, '-e', '0'],
    ...(pm2.path && { pm2: [node, pm2.path, '--help'] }),
    ...(forever.path && { forever: [node, forever.path, '--help'] }),
  };
}

function compileChild(scratch) {
  const child = join(scratch, 'child');
  runProgram('gcc', ['-O2', '-static', '-o', child, join(root, 'bench/child.c')], root);
  return child;
}

/** Opens an empty folder by name, in place of an earlier one. */
function folderOpener(scratch) {
  return (name) => {
    const folder = join(scratch, name);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder);
    return folder;
  };
}

function versionsOf(supervisors) {
  return Object.fromEntries(supervisors.map(({ name, version }) => [name, version]));
}
