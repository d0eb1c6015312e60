// Leaves the compiled code of `supervise` and of what it supervises a run with beside them: that of all functions that a launch,
// a second of quiet work and two relaunches run. Its own process, because the code is that of functions that have run.
const { mkdtempSync, rmSync, writeFileSync } = require('node:fs');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { setFlagsFromString } = require('node:v8');
const { loadCompiled, setLaunchFlags } = require('../bin/compiled.cjs');

// Whoever builds may do so under a supervisor; this run is nobody's.
for (const name of Object.keys(process.env)) if (name.startsWith('SUPERVISE_')) delete process.env[name];
const folder = mkdtempSync(join(tmpdir(), 'supervise-build-'));
const experiment = join(folder, 'experiment.json');
writeFileSync(
  experiment,
  JSON.stringify({
    experiment_name: 'compiled',
    epochs: 2,
    run_dir: join(folder, 'run'),
    // Longer than until the supervisor rehearses a relaunch, at first.
    trainer: { command: ['/bin/sh', '-c', 'test -e lived || { echo > lived; sleep 1.5; }; exit 1'], cwd: folder },
    restart: { initial_delay_ms: 0, max_delay_ms: 0, max_restarts_without_progress: 2 },
  }),
);
const gaveUp = 69;
const scripts = new Map();
setLaunchFlags();
loadCompiled('supervise', (filename, script) => scripts.set(filename, script))
  .supervise([experiment])
  .then((code) => {
    // A supervisor that has relaunched optimizes, and takes feedback at once: such code would not be taken.
    setLaunchFlags();
    setFlagsFromString('--lazy-feedback-allocation');
    if (code === gaveUp)
      for (const [filename, script] of scripts) writeFileSync(`${filename}.code`, script.createCachedData());
    process.exitCode = code === gaveUp ? 0 : 1;
  })
  .finally(() => rmSync(folder, { recursive: true, force: true }));
