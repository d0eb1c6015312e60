// Leaves the compiled code of dist/bundle/train.cjs beside it: that of all functions that a start and two steps of the smallest
// training run. Its own process, because the code is that of functions that have run.
const { mkdtempSync, readFileSync, rmSync, writeFileSync } = require('node:fs');
const { createRequire, wrap } = require('node:module');
const { tmpdir } = require('node:os');
const { dirname, join } = require('node:path');
const { constants, Script } = require('node:vm');

const filename = join(__dirname, '../dist/bundle/train.cjs');
const script = new Script(wrap(readFileSync(filename, 'latin1')), {
  filename,
  importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
});
const bundle = { exports: {} };
script.runInThisContext()(bundle.exports, createRequire(filename), bundle, filename, dirname(filename));

// Whoever builds may do so under a supervisor; this training is nobody's.
for (const name of Object.keys(process.env)) if (name.startsWith('SUPERVISE_')) delete process.env[name];
const folder = mkdtempSync(join(tmpdir(), 'supervise-build-'));
const flags = { epochs: 1, steps_per_epoch: 2, batch_size: 2, train_samples: 4, val_samples: 2, backend: 'wasm' };
const config = join(__dirname, '../configs/quickstart.json');
const settings = Object.entries(flags).map(([name, value]) => `--${name}=${value}`);
bundle.exports
  .train([`--config=${config}`, `--run_dir=${folder}`, '--no_restore', ...settings])
  .then((code) => {
    if (code === 0) writeFileSync(`${filename}.code`, script.createCachedData());
    process.exitCode = code;
  })
  .finally(() => rmSync(folder, { recursive: true, force: true }));
