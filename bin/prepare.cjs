// What `supervise` starts to load an experiment: the bundle, with its compiled code beside it, which the build left there. A Node
// of another version does not take that code, and compiles.
const { readFileSync } = require('node:fs');
const { wrap } = require('node:module');
const { dirname, join } = require('node:path');
const { Script } = require('node:vm');

const filename = join(__dirname, '../dist/bundle/prepare-process.cjs');
const script = new Script(wrap(readFileSync(filename, 'latin1')), { filename, cachedData: readCode() });
script.runInThisContext()({}, require, {}, filename, dirname(filename));

function readCode() {
  try {
    return readFileSync(`${filename}.code`);
  } catch {
    return undefined;
  }
}
