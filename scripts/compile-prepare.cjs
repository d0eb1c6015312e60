// Leaves the compiled code of dist/bundle/prepare-process.cjs beside it, all that loading an experiment needs. Its own process,
// because the code is that of functions that have run.
const { readFileSync, writeFileSync } = require('node:fs');
const { wrap } = require('node:module');
const { tmpdir } = require('node:os');
const { dirname, join } = require('node:path');
const { Script } = require('node:vm');

const filename = join(__dirname, '../dist/bundle/prepare-process.cjs');
const script = new Script(wrap(readFileSync(filename, 'latin1')), { filename });
const experiment = join(__dirname, '../configs/quickstart.json');
process.argv[2] = JSON.stringify({ experiment, flags: {}, cwd: tmpdir(), referenceTrainer: [process.execPath] });
script.runInThisContext()({}, require, {}, filename, dirname(filename));
process.once('exit', () => writeFileSync(`${filename}.code`, script.createCachedData()));
